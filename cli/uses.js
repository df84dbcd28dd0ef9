'use strict';

/** The flag for what a program does beyond the options of its store, which decides about permissions. */

const { Option } = require('commander');

/** The names of the flag, with those of the policy. */
const USES = /** @type {const} */ ({
  'create-table': 'createTable',
  'ensure-indexes': 'ensureIndexes',
  all: 'all',
});

/** @param {import('commander').Command} command */
function addUseFlag(command) {
  const text =
    'what the program also does: create-table, ensure-indexes, or all for all(), length(), ids(), clear(), reap()';
  command.addOption(new Option('--use <what...>', text).choices(Object.keys(USES)));
}

/** @param {Record<string, any>} flags */
function usesOf({ use = [] }) {
  return use.map((/** @type {keyof typeof USES} */ name) => USES[name]);
}

module.exports = { addUseFlag, usesOf };

'use strict';

/** The flag for work of a program that the options of its store do not show. It decides about permissions. */

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
    'further work of the program: create-table, ensure-indexes, or all for all(), length(), ids(), clear(), reap()';
  command.addOption(new Option('--use <what...>', text).choices(Object.keys(USES)));
}

/** @param {Record<string, any>} flags */
function usesOf({ use = [] }) {
  return use.map((/** @type {keyof typeof USES} */ name) => USES[name]);
}

module.exports = { addUseFlag, usesOf };

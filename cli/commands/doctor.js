'use strict';

/** `doctor`: examines the table, the settings and the permissions of a store. */

const { addUseFlag, usesOf } = require('../uses');
const { diagnose } = require('../doctor');
const { EXIT, throwIfStopped } = require('../failure');
const { storeOptions } = require('../store-options');
const { things } = require('../text');

/** @import { Finding } from '../doctor/finding' */
/** @import { Output } from '../output' */

/** @type {import('../run').Definition} */
module.exports = {
  name: 'doctor',
  summary: 'find problems of the table, the settings and the permissions',
  description:
    'Examines the addon, the credentials, the region, the endpoint, the clock, the table, its key, time to live, billing,\n' +
    'indexes and replicas, and the permissions, and writes, reads and deletes a session under a random id. It changes\n' +
    'nothing else. Name the options that the application uses with --config.',
  define(command) {
    addUseFlag(command);
    command.option('--strict', 'exit with 1 also if there are only warnings');
  },
  async run({ env, flags, output, signal }) {
    const { kind, options } = await storeOptions(flags, env, { asApplication: true });
    /** @type {Finding[]} */
    const findings = [];
    try {
      for await (const finding of diagnose(kind, options, { signal, uses: usesOf(flags) })) {
        findings.push(finding);
        if (!output.isJson) await output.line(finding, () => textOf(output, finding));
      }
    } catch (error) {
      throwIfStopped(signal);
      throw error;
    }
    const count = (/** @type {Finding['status']} */ status) =>
      findings.filter((finding) => finding.status === status).length;
    const [errors, warnings] = [count('error'), count('warning')];
    const isWell = errors === 0 && !(flags.strict && warnings > 0);
    await output.result({ ok: isWell, errors, warnings, findings }, () =>
      errors + warnings === 0
        ? `\n${output.paint.green('All is well.')}`
        : `\n${things(errors, 'error')}, ${things(warnings, 'warning')}.`,
    );
    return isWell ? EXIT.done : EXIT.failed;
  },
};

/**
 * @param {Output} output
 * @param {Finding} finding
 */
function textOf({ paint }, { check, status, found, advice }) {
  const signs = {
    ok: paint.green('✓'),
    warning: paint.yellow('!'),
    error: paint.red('✗'),
    skipped: paint.dim('–'),
  };
  const name = check.padEnd(12);
  const lines = [`${signs[status]} ${status === 'skipped' ? paint.dim(name) : name}  ${found}`];
  if (advice) lines.push(`${' '.repeat(16)}${paint.bold(advice)}`);
  return lines.join('\n');
}

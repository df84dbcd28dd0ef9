'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const { root } = require('../setup');

/**
 * Runs Jest for a check. If the check ends first, Jest is killed.
 *
 * @param {string[]} args
 * @param {object} how
 * @param {string} how.cwd the working directory of Jest
 * @param {NodeJS.ProcessEnv} [how.env] additional environment variables
 * @param {string} [how.report] a file for the results of the tests as JSON
 * @returns {Promise<number>} the exit code
 */
async function runJest(args, { cwd, env, report }) {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const reporting = report ? ['--json', `--outputFile=${report}`] : [];
  const child = spawn(process.execPath, [jest, '--ci', ...args, ...reporting], {
    cwd,
    env: { ...process.env, ...env },
    // With `--outputFile`, Jest still prints the JSON to the standard output.
    stdio: ['ignore', report ? 'ignore' : 'inherit', 'inherit'],
  });
  process.once('exit', () => child.kill());
  const [code] = await once(child, 'exit');
  return code ?? 1;
}

module.exports = { runJest };

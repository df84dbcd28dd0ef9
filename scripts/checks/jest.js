'use strict';

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const { root } = require('../setup');

/**
 * Runs Jest for a check, which ends with it.
 *
 * @param {string[]} args
 * @param {object} how
 * @param {string} how.cwd the folder that Jest is started in
 * @param {NodeJS.ProcessEnv} [how.env] further environment variables
 * @param {string} [how.report] a file for what became of the tests, as JSON
 * @returns {Promise<number>} the exit code
 */
async function runJest(args, { cwd, env, report }) {
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const reporting = report ? ['--json', `--outputFile=${report}`] : [];
  const child = spawn(process.execPath, [jest, '--ci', ...args, ...reporting], {
    cwd,
    env: { ...process.env, ...env },
    // Jest prints its JSON to the standard output as well, although a file is given.
    stdio: ['ignore', report ? 'ignore' : 'inherit', 'inherit'],
  });
  process.once('exit', () => child.kill());
  const [code] = await once(child, 'exit');
  return code ?? 1;
}

module.exports = { runJest };

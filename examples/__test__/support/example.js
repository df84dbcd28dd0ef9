'use strict';

/** An example, started as its `package.json` says. */

const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const { existsSync, readFileSync } = require('node:fs');
const { delimiter, join } = require('node:path');
const { createInterface } = require('node:readline');
const { openWorkspace } = require('../../../scripts/checks/workspace');
const { newTableName } = require('../../../__test__/support/dynamodb');
const { environment } = require('../../../__test__/support/programs');

/**
 * Installs an example, and builds it if it has a build script.
 *
 * @param {string} name
 */
function openExample(name) {
  const { folder, remove } = openWorkspace(name);
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const table = newTableName();
  const env = {
    ...environment(),
    ...(scripts.build && { NODE_ENV: 'production' }),
    NEXT_TELEMETRY_DISABLED: '1',
    SESSION_TABLE: table,
    PORT: '0',
  };
  if (scripts.build) {
    const shell = process.platform === 'win32';
    const options = { cwd: folder, env, encoding: 'utf8', shell };
    const { status, stdout, stderr } = spawnSync('npm', ['run', 'build'], options);
    if (status !== 0) throw new Error(`${name} could not be built:\n${stdout}${stderr}`);
  }
  return {
    folder,
    table,
    remove,

    /**
     * Starts the example, and waits until it listens.
     *
     * @param {{ preload?: string, variables?: Record<string, string> }} [how] `preload`: a file
     *   that Node loads first; `variables`: environment variables
     */
    async start({ preload, variables } = {}) {
      const [command, ...args] = scripts.start.split(' ');
      if (command !== 'node') throw new Error(`${name} is not started by node`);
      const first = preload ? ['--require', preload] : [];
      const child = spawn(process.execPath, [...first, ...args], {
        cwd: folder,
        env: { ...env, ...variables },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const exit = once(child, 'exit');
      let complaints = '';
      child.stderr.setEncoding('utf8').on('data', (chunk) => {
        complaints += chunk;
      });
      const lines = createInterface({ input: child.stdout });
      const listening = (async () => {
        for await (const line of lines) {
          const url = /^listening on (http:\S+)$/.exec(line)?.[1];
          if (url) return url.replace('[::1]', '127.0.0.1');
        }
        throw new Error(`${name} ended before it listened:\n${complaints}`);
      })();
      const url = await listening;
      return {
        url,
        pid: child.pid,
        complaints: () => complaints,
        async stop() {
          child.kill('SIGTERM');
          return exit;
        },
        kill: () => child.kill('SIGKILL'),
      };
    },
  };
}

/** The path of Chromium: the value of `CHROMIUM`, otherwise an installed Chromium or Chrome. */
function findChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const places = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const found = places.flatMap((place) => names.map((name) => join(place, name)));
  return process.env.CHROMIUM ?? found.find((path) => existsSync(path));
}

/**
 * A test in a browser. Without Chromium it is left out, unless the variable `REQUIRE_CHROMIUM` is set, as in a job of CI.
 *
 * @param {string} name
 * @param {(executablePath: string) => Promise<void>} task
 */
function testInChromium(name, task) {
  const executablePath = findChromium();
  if (executablePath) test(name, () => task(executablePath));
  else if (!process.env.REQUIRE_CHROMIUM) test.skip(`${name} (there is no chromium)`, () => {});
  else {
    test(name, () => {
      throw new Error('REQUIRE_CHROMIUM is set, but there is no Chromium.');
    });
  }
}

module.exports = { openExample, testInChromium };

'use strict';

/**
 * Runs tests of the clone on the published form of the package, whose files are joined: the contract of all stores with
 * each transport, tests of files that are loaded only if needed, and tests of the command as a process.
 *
 *     node scripts/checks/published.js [pattern …] [--outputFile=report.json]
 *
 * A pattern selects other tests by their names. Only tests that load the package by its entries can run.
 */

const assert = require('node:assert/strict');
const { cpSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join, relative } = require('node:path');
const { parseArgs } = require('node:util');
const { run } = require('../cache');
const { program, root, setup } = require('../setup');
const { runJest } = require('./jest');
const { copyPackage } = require('./package');

/** A test file is run if its name contains one of these words. */
const SUBJECTS = [
  'contract',
  'options',
  'addon',
  'clients',
  'contexts',
  'debug',
  'monitoring',
  'cli.process',
  'cli.terminal',
];

/** The test files, relative to the root. `npm test` runs them only on the published form, not on the clone. */
function publishedTests() {
  const names = readdirSync(join(root, '__test__')).filter((name) => name.endsWith('.test.js'));
  const wanted = names.filter((name) => SUBJECTS.some((subject) => name.includes(subject)));
  return wanted.map((name) => `__test__/${name}`);
}

async function main() {
  const { values, positionals } = parseArgs({
    options: { outputFile: { type: 'string' } },
    allowPositionals: true,
  });
  setup();
  const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-published-'));
  try {
    copyPackage(folder);
    for (const name of ['native', 'node_modules', 'scripts']) {
      symlinkSync(join(root, name), join(folder, name), 'junction');
    }
    for (const name of ['__test__', 'jest.config.js']) {
      cpSync(join(root, name), join(folder, name), { recursive: true });
    }
    checkLoaded(folder);
    const patterns = positionals.length > 0 ? positionals : publishedTests();
    const args = ['--rootDir', folder, ...patterns];
    return await runJest(args, { cwd: folder, report: values.outputFile });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Checks that the Express store loads three files besides the addon. */
function checkLoaded(/** @type {string} */ folder) {
  const list = "require('.'); console.log(JSON.stringify(Object.keys(require.cache)))";
  /** @type {string[]} */
  const loaded = JSON.parse(run(process.execPath, ['-e', list], folder));
  const files = loaded.filter((file) => file.endsWith('.js'));
  const names = files.map((file) => relative(realpathSync(folder), file)).sort();
  assert.deepEqual(names, ['index.js', join('lib', 'connect.js'), join('lib', 'core.js')]);
}

module.exports = { publishedTests };

if (require.main === module) program(main);

'use strict';

/** Libraries that Linux cannot load, made by the C compiler that Rust links with. */

const { spawnSync } = require('node:child_process');
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const canLink =
  process.platform === 'linux' &&
  Boolean(process.report.getReport().header.glibcVersionRuntime) &&
  spawnSync('cc', ['--version']).status === 0;

/**
 * A library that needs another one that is not there, or not as it wants it.
 *
 * @param {string} file
 * @param {string} library the name of the other one
 * @param {string} [version] of a function in it
 */
function linkAgainst(file, library, version = '') {
  const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-linked-'));
  const script = join(folder, 'versions');
  writeFileSync(script, `${version} { wanted; };`);
  const stub = join(folder, library);
  compile('void wanted(void) {}', stub, [
    `-Wl,-soname,${library}`,
    `-Wl,--version-script,${script}`,
  ]);
  const needing = ['-Wl,--no-as-needed', '-x', 'none', stub];
  compile('void wanted(void); void call(void) { wanted(); }', file, needing);
  rmSync(folder, { recursive: true });
}

/**
 * @param {string} text in C
 * @param {string} output
 * @param {string[]} options
 */
function compile(text, output, options) {
  const args = ['-shared', '-fPIC', '-nostdlib', '-x', 'c', '-', '-o', output, ...options];
  const { status, stderr } = spawnSync('cc', args, { input: text, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

module.exports = { canLink, linkAgainst };

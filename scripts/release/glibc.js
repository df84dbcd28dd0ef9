'use strict';

/**
 * Finds the glibc that an addon for Linux needs, by the versions of the functions that it imports.
 *
 *     node scripts/release/glibc.js <file.node> …    fails if an addon needs a newer glibc than 2.28
 */

const { run } = require('../cache');
const { SetupError, program, root } = require('../setup');
const { GLIBC } = require('./targets');

/**
 * @param {string} file
 * @returns {string | undefined} the newest version of glibc that the addon requires
 */
function neededGlibc(file) {
  const output = run('readelf', ['--version-info', '--wide', file], root, {
    ...process.env,
    LC_ALL: 'C',
  });
  const versions = [...output.matchAll(/Name: GLIBC_([\d.]+)/g)].map(([, version]) => version);
  return versions.sort(compare).at(-1);
}

/**
 * @param {string} a
 * @param {string} b
 */
function compare(a, b) {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  return left[0] - right[0] || left[1] - right[1] || (left[2] ?? 0) - (right[2] ?? 0);
}

/**
 * @param {string} file
 * @returns {string} the required glibc, as a sentence
 * @throws {SetupError} if the addon needs a newer glibc than it may
 */
function checkGlibc(file) {
  const needed = neededGlibc(file);
  if (needed === undefined) return `${file} needs no glibc`;
  if (compare(needed, GLIBC) > 0) {
    throw new SetupError(`${file} needs glibc ${needed}, but must run on glibc ${GLIBC}.`);
  }
  return `${file} needs glibc ${needed} (at most ${GLIBC} is allowed)`;
}

module.exports = { checkGlibc };

if (require.main === module) {
  program(() => {
    const files = process.argv.slice(2);
    if (files.length === 0)
      throw new SetupError('Usage: node scripts/release/glibc.js <file.node> …');
    for (const file of files) console.log(checkGlibc(file));
  });
}

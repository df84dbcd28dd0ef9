'use strict';

/**
 * Finds modules that may be installed beside this package: its addon, an AWS SDK.
 *
 * A bundler follows every `require` that it can read. It fails on an addon, and takes in an SDK that
 * the application does not use. It cannot read the functions that `createRequire` makes.
 */

const { createRequire } = require('node:module');
const { join } = require('node:path');

/** The files to look from, of which most applications need the first only. */
const FILES = [thisFile, () => process.argv[1], workingDirectory];

/** What `requireFrom` made of each. @type {(NodeJS.Require | undefined)[]} */
const requires = [];

/**
 * One `require` for each place to look in: this package, the program that was started, the working
 * directory. In a bundle, the place of "this package" is the bundle, or not known.
 *
 * @returns {Generator<NodeJS.Require, void>}
 */
function* places() {
  for (const [index, file] of FILES.entries()) {
    if (index === requires.length) requires.push(requireFrom(file()));
    const found = requires[index];
    if (found) yield found;
  }
}

/** ES modules have no `__filename`, and a bundle may be one. */
function thisFile() {
  return typeof __filename === 'string' ? __filename : undefined;
}

/** On AWS Lambda the program that was started is Lambda's own, and this is the application's. */
function workingDirectory() {
  try {
    return join(process.cwd(), 'index.js');
  } catch {
    // The directory was deleted.
    return undefined;
  }
}

/**
 * @param {string | undefined} file
 * @returns {NodeJS.Require | undefined}
 */
function requireFrom(file) {
  try {
    return file ? createRequire(file) : undefined;
  } catch {
    // A bundler has replaced the path with one that is not absolute.
    return undefined;
  }
}

module.exports = { places };

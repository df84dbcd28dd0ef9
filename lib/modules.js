'use strict';

/**
 * Finds modules that may be installed beside this package: its addon, an AWS SDK.
 *
 * A bundler follows every `require` that it recognizes. It would fail on the addon, and bundle an SDK that the
 * application does not use. It does not recognize functions made by `createRequire`.
 */

const { createRequire } = require('node:module');
const { join } = require('node:path');

/** The files whose `require` is tried. Most applications need only the first. */
const FILES = [thisFile, () => process.argv[1], workingDirectory];

/** The `require` of each file of `FILES`, as far as they were needed. @type {(NodeJS.Require | undefined)[]} */
const cache = [];

/**
 * Yields the `require` functions to find a module with: of this package, of the program that was started, and of the
 * working directory. In a bundle, the first is that of the bundle, or is left out.
 *
 * @returns {Generator<NodeJS.Require, void>}
 */
function* requires() {
  for (const [index, file] of FILES.entries()) {
    if (index === cache.length) cache.push(requireFrom(file()));
    const from = cache[index];
    if (from) yield from;
  }
}

/** `undefined` in an ES module, which a bundle may be: it has no `__filename`. */
function thisFile() {
  return typeof __filename === 'string' ? __filename : undefined;
}

/** On AWS Lambda, the program that was started belongs to Lambda. The working directory is the application's. */
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

module.exports = { requires };

'use strict';

/**
 * An example as its users have it: a folder with the example, its dependencies, and this package as
 * it is published.
 *
 * Dependencies are in the cache, in a folder of each state of a `package.json`. An example runs
 * from a folder inside of that one, which goes at the end: several checkouts can do so at once.
 */

const {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} = require('node:fs');
const { join } = require('node:path');
const { cachedPackages } = require('../cache');
const { unpack } = require('../release/stage');
const { root } = require('../setup');

const examples = join(root, 'examples');
const OWN_NAME = 'dynamo-session-store';

/**
 * The folder with the dependencies of an example, installed where it is not there yet.
 *
 * @param {string} name
 */
function dependencies(name) {
  const manifest = join(examples, name, 'package.json');
  // This package comes from the checkout, not from a registry.
  const folder = cachedPackages(`example-${name}`, manifest, { except: OWN_NAME });
  // By a lock file, whatever is in it, Next finds the folder that has the dependencies.
  writeFileSync(join(folder, 'package-lock.json'), '{}');
  return folder;
}

/**
 * Puts this package into a `node_modules` as it is published, with the addon that is built here in the
 * place of the platform's package.
 *
 * @param {string} modules
 */
function placePackage(modules) {
  const target = join(modules, OWN_NAME);
  unpack(target);
  const native = join(root, 'native');
  for (const file of readdirSync(native)) {
    if (!file.endsWith('.node')) continue;
    const place = join(target, 'native', file);
    mkdirSync(join(target, 'native'), { recursive: true });
    if (!existsSync(place)) symlinkSync(join(native, file), place);
  }
}

/**
 * @param {string} name of an example
 * @returns {{ folder: string, remove: () => void }}
 */
function openWorkspace(name) {
  const runs = join(dependencies(name), 'runs');
  mkdirSync(runs, { recursive: true });
  const folder = mkdtempSync(join(runs, `${name}-`));
  cpSync(join(examples, name), folder, {
    recursive: true,
    // What somebody has installed or built by hand.
    filter: (path) => !/[\\/](?:node_modules|dist|\.next)$/.test(path),
  });
  placePackage(join(folder, 'node_modules'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

module.exports = { openWorkspace, placePackage };

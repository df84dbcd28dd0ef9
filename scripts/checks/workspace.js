'use strict';

/**
 * Makes a folder with an example, its dependencies and the published form of this package, as its users have them.
 *
 * The cache has a folder with dependencies for each state of a `package.json`. An example runs in a temporary folder
 * inside of this folder, so that several clones can run it at the same time.
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
const { root } = require('../setup');
const { copyPackage } = require('./package');

const examples = join(root, 'examples');
const OWN_NAME = 'dynamo-session-store';

/**
 * Returns the folder with the dependencies of an example. Installs them if the folder does not exist.
 *
 * @param {string} name
 */
function dependencies(name) {
  const manifest = join(examples, name, 'package.json');
  // This package comes from the clone, not from a registry.
  const folder = cachedPackages(`example-${name}`, manifest, { except: OWN_NAME });
  // Next looks for a lock file to find the folder with the dependencies. It does not read the file.
  writeFileSync(join(folder, 'package-lock.json'), '{}');
  return folder;
}

/**
 * Puts the published form of this package into a `node_modules`, with the clone's addon instead of the platform's
 * package.
 *
 * @param {string} modules
 */
function placePackage(modules) {
  const target = join(modules, OWN_NAME);
  copyPackage(target);
  const native = join(root, 'native');
  for (const file of readdirSync(native)) {
    if (!file.endsWith('.node')) continue;
    const link = join(target, 'native', file);
    mkdirSync(join(target, 'native'), { recursive: true });
    if (!existsSync(link)) symlinkSync(join(native, file), link);
  }
}

/**
 * @param {string} name the name of an example
 * @returns {{ folder: string, remove: () => void }}
 */
function openWorkspace(name) {
  const runs = join(dependencies(name), 'runs');
  mkdirSync(runs, { recursive: true });
  const folder = mkdtempSync(join(runs, `${name}-`));
  cpSync(join(examples, name), folder, {
    recursive: true,
    // Leaves out folders that `npm install` or a build has made by hand.
    filter: (path) => !/[\\/](?:node_modules|dist|\.next)$/.test(path),
  });
  placePackage(join(folder, 'node_modules'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

module.exports = { openWorkspace, placePackage };

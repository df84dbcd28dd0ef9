'use strict';

/** The addon: its version, its platform, and the place from which it was loaded. */

const { readFileSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');
const { ok, warning } = require('./finding');
const { findLibc, sharedObjects } = require('../../lib/native.error');
const { version } = require('../../package.json');

/** @import { Finding } from './finding' */

const NAME = 'dynamo-session-store';

/** @returns {Finding} */
function addon() {
  const { arch, platform, versions } = process;
  const libc = findLibc();
  const loaded = loadedFrom();
  const library = libc.family && [libc.family, libc.version].filter(Boolean).join(' ');
  const on = [`${platform} ${arch}`, library, `Node ${versions.node}`].filter(Boolean);
  const found = `The addon is loaded from ${loaded.text}, on ${on.join(', ')}.`;
  const data = {
    version,
    addonVersion: loaded.version,
    from: loaded.from,
    platform,
    arch,
    libc: libc.family,
    libcVersion: libc.version,
    node: versions.node,
  };
  if (loaded.version !== undefined && loaded.version !== version) {
    return warning(
      'addon',
      `${found} Its version is ${loaded.version}, that of ${NAME} is ${version}.`,
      {
        advice: `Install both in the same version: remove node_modules, and run npm install.`,
        data,
      },
    );
  }
  return ok('addon', `${found} Its version is ${version}.`, { data });
}

/** @returns {{ from: string, text: string, version?: string }} */
function loadedFrom() {
  const variable = 'DYNAMO_SESSION_STORE_ADDON';
  if (process.env[variable]) return { from: 'variable', text: `the file that ${variable} names` };
  const isAddon = (/** @type {string} */ file) => /dynamo-session-store[^/\\]*\.node$/.test(file);
  const file = sharedObjects().find(isAddon);
  if (!file) return { from: 'unknown', text: 'an unknown place' };
  const folder = dirname(file);
  if (basename(folder) === 'native')
    return { from: 'build', text: 'a build in the folder native/' };
  return packageAt(folder) ?? { from: 'file', text: `the file ${basename(file)}` };
}

/**
 * The package of a platform in a folder.
 *
 * @param {string} folder
 */
function packageAt(folder) {
  try {
    const text = readFileSync(join(folder, 'package.json'), 'utf8');
    const { name, version: its } = JSON.parse(text);
    const isOurs = name.startsWith(`${NAME}-`);
    return isOurs ? { from: 'package', text: `the package ${name}`, version: its } : undefined;
  } catch {
    return undefined;
  }
}

module.exports = { addon };

'use strict';

/** What an installation takes on the disk. */

const { spawnSync } = require('node:child_process');
const {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/** Each with what it cannot do without, as its README has it installed. */
const INSTALLS = [
  ['connect-dynamodb', '@aws-sdk/client-dynamodb'],
  ['dynamodb-store', 'aws-sdk'],
  ['koa-session-dynamodb-store', 'aws-sdk'],
];

/**
 * @typedef {{ name: string, bytes: number, files: number }} Size
 */

/**
 * @param {{ bytes: number }} addon
 * @returns {Size[]}
 */
function measureSizes(addon) {
  const versions = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8'));
  return [
    ownSize(addon),
    ...INSTALLS.map((names) =>
      installedSize(names.map((name) => [name, versions.dependencies[name]])),
    ),
  ];
}

/**
 * As it is published: the package, and the addon of one platform in a package of its own.
 *
 * @param {{ bytes: number }} addon
 * @returns {Size}
 */
function ownSize(addon) {
  const { bytes, files } = sizeOf(join(__dirname, '..', 'node_modules', 'dynamo-session-store'));
  const name = `dynamo-session-store with its addon for ${process.platform}-${process.arch}`;
  return { name, bytes: bytes + addon.bytes, files: files + 1 };
}

/**
 * @param {[name: string, version: string][]} packages
 * @returns {Size}
 */
function installedSize(packages) {
  const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-size-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const wanted = packages.map(([name, version]) => `${name}@${version}`);
    npm(['install', '--no-audit', '--no-fund', '--ignore-scripts', ...wanted], folder);
    const name = packages.map(([each]) => each).join(' + ');
    return { name, ...sizeOf(join(folder, 'node_modules')) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * @param {string[]} args
 * @param {string} cwd
 */
function npm(args, cwd) {
  const shell = process.platform === 'win32';
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd, shell, encoding: 'utf8' });
  if (status !== 0) throw new Error(`npm ${args.join(' ')} failed:\n${stderr}`);
  return stdout;
}

/** @param {string} folder */
function sizeOf(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map((file) => statSync(join(file.parentPath ?? file.path, file.name)).size);
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), files: files.length };
}

module.exports = { measureSizes };

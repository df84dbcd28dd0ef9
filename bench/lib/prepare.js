'use strict';

/** Prepares what the benchmark needs. */

const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync, rmSync, statSync } = require('node:fs');
const { join } = require('node:path');
const { placePackage } = require('../../scripts/checks/workspace');
const { thisTarget } = require('../../scripts/release/targets');
const { SetupError, root } = require('../../scripts/setup');
const { dependencies } = require('../package.json');

const bench = join(__dirname, '..');

/** Bytes. The addon that ships has fewer; a debug build has several times as many. */
const RELEASE_LIMIT = 20_000_000;

/** Installs the stores to compare with, packs this package as it is published, builds the canned server. */
function prepare() {
  const modules = join(bench, 'node_modules');
  if (!Object.keys(dependencies).every((name) => existsSync(join(modules, name)))) {
    process.stderr.write('Installing the stores to compare with …\n');
    run('npm', ['install', '--no-save', '--no-audit', '--no-fund'], bench);
  }
  rmSync(join(modules, 'dynamo-session-store'), { recursive: true, force: true });
  placePackage(modules);
  // Cargo sees for itself whether there is anything to do.
  const build = ['build', '--release', '--quiet', '--locked', '--target', thisTarget().triple];
  run('cargo', build, join(bench, 'canned-server'));
}

/** The addon of this platform. The figures of a debug build mean nothing. */
function findAddon() {
  const native = join(root, 'native');
  const platform = `${process.platform}-${process.arch}`;
  const found = readdirSync(native).find(
    (name) => name.endsWith('.node') && name.includes(platform),
  );
  if (!found) throw new SetupError('There is no addon: npm run build, in the folder above.');
  const bytes = statSync(join(native, found)).size;
  return { bytes, debug: bytes > RELEASE_LIMIT };
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 */
function run(command, args, cwd) {
  const shell = process.platform === 'win32';
  const { status } = spawnSync(command, args, { cwd, shell, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new SetupError(`${command} ${args.join(' ')} failed.`);
}

module.exports = { findAddon, prepare, run };

'use strict';

/** What has to be there before anything can be measured. */

const { spawnSync } = require('node:child_process');
const { existsSync, readdirSync, rmSync, statSync } = require('node:fs');
const { join } = require('node:path');
const { placePackage } = require('../../scripts/checks/workspace');
const { thisTarget } = require('../../scripts/release/targets');
const { SetupError, root } = require('../../scripts/setup');

const bench = join(__dirname, '..');

/** The addon that ships has 7 or 8 megabytes; a debug build has several times as many. */
const RELEASE_LIMIT = 20_000_000;

/** Builds the canned server; cargo sees for itself whether there is anything to do. */
function prepareServer() {
  const target = ['--target', thisTarget().triple];
  run(
    'cargo',
    ['build', '--release', '--quiet', '--locked', ...target],
    join(bench, 'canned-server'),
  );
}

function prepareDependencies() {
  if (existsSync(join(bench, 'node_modules', 'connect-dynamodb'))) return;
  process.stderr.write('Installing the stores to compare with …\n');
  run('npm', ['install', '--no-save', '--no-audit', '--no-fund'], bench);
}

/** This package as it is published, where programs of the benchmark find it by its name. */
function prepareOwn() {
  const modules = join(bench, 'node_modules');
  rmSync(join(modules, 'dynamo-session-store'), { recursive: true, force: true });
  placePackage(modules);
}

/** The addon of this platform; measuring a debug build would say nothing. */
function findAddon() {
  const native = join(root, 'native');
  const platform = `${process.platform}-${process.arch}`;
  const found = readdirSync(native).find(
    (name) => name.endsWith('.node') && name.includes(platform),
  );
  if (!found) throw new SetupError('There is no addon: npm run build, in the folder above.');
  const path = join(native, found);
  const bytes = statSync(path).size;
  return { path, bytes, debug: bytes > RELEASE_LIMIT };
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

module.exports = { findAddon, prepareDependencies, prepareOwn, prepareServer };

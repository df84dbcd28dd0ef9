'use strict';

/** A cache for the tools of the checks, in a folder outside of the clone. Each tool is downloaded once. */

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} = require('node:fs');
const { homedir } = require('node:os');
const { dirname, join } = require('node:path');
const { SetupError } = require('./setup');

/** The folder of the cache, which the variable `DYNAMO_SESSION_STORE_CACHE` overrides. */
function cacheFolder() {
  return (
    process.env.DYNAMO_SESSION_STORE_CACHE ??
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'dynamo-session-store')
  );
}

/**
 * Returns a folder of the cache, which `fill` fills if it does not exist.
 *
 * @param {string} name
 * @param {(partial: string) => void} fill throws if it fails
 */
function cached(name, fill) {
  return filled(join(cacheFolder(), name), fill);
}

/**
 * Returns a folder. If it does not exist, `fill` fills a temporary folder, which is then renamed, because another
 * process may fill the same folder at the same time.
 *
 * @param {string} folder
 * @param {(partial: string) => void} fill throws if it fails
 */
function filled(folder, fill) {
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const partial = mkdtempSync(join(dirname(folder), 'partial-'));
  try {
    fill(partial);
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/**
 * Installs the dependencies of a package.json, and returns the folder that contains their `node_modules`.
 *
 * @param {string} name the name of the check that needs them
 * @param {string} file the package.json
 * @param {{ except?: string }} [options] `except`: a dependency that is not installed
 */
function cachedPackages(name, file, { except } = {}) {
  const text = readFileSync(file, 'utf8');
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return cached(`${name}-${hash}`, (partial) => {
    process.stderr.write(`Installing the packages for the check ${name} …\n`);
    const manifest = JSON.parse(text);
    if (except) delete manifest.dependencies[except];
    writeFileSync(join(partial, 'package.json'), JSON.stringify(manifest));
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
    run('npm', args, partial);
  });
}

/**
 * Runs a command. If it fails, its output is in the error.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string} the standard output
 */
function run(command, args, cwd, env = process.env) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  });
  if (status === 0) return stdout;
  const reason = error ? error.message : `${stdout}${stderr}`;
  throw new SetupError(`${command} ${args.join(' ')} failed:\n${reason}`);
}

module.exports = { cached, cachedPackages, filled, run };

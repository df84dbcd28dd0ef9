'use strict';

/** What the checks need and the package does not: fetched once, into a folder outside of the clone. */

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
const { join } = require('node:path');
const { SetupError } = require('./setup');

/** `DYNAMO_SESSION_STORE_CACHE` names another folder. */
function cacheFolder() {
  return (
    process.env.DYNAMO_SESSION_STORE_CACHE ??
    join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'dynamo-session-store')
  );
}

/**
 * A folder of the cache, filled where it is not there yet: in a folder of its own that is renamed,
 * because another process may be doing the same.
 *
 * @param {string} name
 * @param {(partial: string) => void} fill throws where it fails
 */
function cached(name, fill) {
  const cache = cacheFolder();
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const partial = mkdtempSync(join(cache, 'partial-'));
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
 * Installs the packages that a package.json names, and gives the folder that has them.
 *
 * @param {string} name what they are for
 * @param {string} file the package.json
 * @param {{ except?: string }} [options] `except`: a dependency that comes from elsewhere
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
 * Runs a command, and shows what it prints only where it fails.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string} what it prints
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

module.exports = { cached, cachedPackages, run };

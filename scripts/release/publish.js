'use strict';

/**
 * Publishes the folders that stage.js has made. The platforms' packages come first, so that the main package never
 * depends on a package that is not published.
 *
 *     node scripts/release/publish.js [--dry-run] [--provenance] [--tag next]
 */

const { existsSync, readFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const { run } = require('../cache');
const { SetupError, program, root } = require('../setup');

/**
 * @param {{ main: string, platforms: string[] }} folders
 * @param {string[]} options options of `npm publish`
 * @param {NodeJS.ProcessEnv} [env]
 */
function publish({ main, platforms }, options, env) {
  for (const folder of [...platforms, main]) {
    const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (isPublished(`${name}@${version}`, folder, env)) {
      console.log(`${name}@${version} is published already`);
      continue;
    }
    run('npm', ['publish', '--access', 'public', ...options], folder, env);
    console.log(`${name}@${version}${options.includes('--dry-run') ? ' (dry run)' : ''}`);
  }
}

/**
 * Whether a version is already published. A release that has failed half-way is run again from the start.
 *
 * @param {string} version `<name>@<version>`
 * @param {string} cwd
 * @param {NodeJS.ProcessEnv} [env]
 */
function isPublished(version, cwd, env) {
  try {
    return run('npm', ['view', version, 'version'], cwd, env).trim() !== '';
  } catch (error) {
    if (/** @type {Error} */ (error).message.includes('E404')) return false;
    throw error;
  }
}

module.exports = { publish };

if (require.main === module) {
  program(() => {
    const { values } = parseArgs({
      options: {
        'dry-run': { type: 'boolean', default: false },
        provenance: { type: 'boolean', default: false },
        tag: { type: 'string', default: 'latest' },
      },
    });
    const npm = join(root, 'release', 'publish', 'npm');
    const main = join(root, 'release', 'publish', 'main');
    if (!existsSync(main)) throw new SetupError('Run node scripts/release/stage.js first.');
    const manifest = /** @type {Record<string, unknown>} */ (require('../../package.json'));
    if (values.provenance && !manifest.repository) {
      throw new SetupError('Provenance needs "repository" in package.json, see docs/RELEASING.md.');
    }
    const options = ['dry-run', 'provenance'].filter((name) => Reflect.get(values, name));
    publish({ main, platforms: readdirSync(npm).map((name) => join(npm, name)) }, [
      ...options.map((name) => `--${name}`),
      '--tag',
      values.tag,
    ]);
  });
}

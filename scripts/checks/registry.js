'use strict';

/**
 * Checks publishing and installing: publishes the package to a registry on this machine, installs it into an empty app
 * with each package manager, without a compiler, and runs the app and the command on DynamoDB Local.
 */

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} = require('node:fs');
const { tmpdir } = require('node:os');
const { delimiter, dirname, join } = require('node:path');
const { cachedPackages, run } = require('../cache');
const dynamodb = require('../dynamodb-local');
const { publish } = require('../release/publish');
const { stage } = require('../release/stage');
const { targets, thisTarget } = require('../release/targets');
const { program, root } = require('../setup');
const { startRegistry } = require('./verdaccio');

const NAME = 'dynamo-session-store';
const SDK = '@aws-sdk/client-dynamodb';

const scratch = mkdtempSync(join(tmpdir(), 'dynamo-session-store-registry-'));
/** In the clone, because napi writes only there. */
const staged = join(root, 'release', `check-${randomUUID()}`);
const folder = (/** @type {string} */ name) => {
  mkdirSync(join(scratch, name), { recursive: true });
  return join(scratch, name);
};

/** @param {string} line */
const done = (line) => console.log(`  ✓ ${line}`);

program(async () => {
  const tools = cachedPackages('registry', join(__dirname, 'registry', 'package.json'));
  const server = await dynamodb.start();
  const registry = await startRegistry(tools, folder('registry'));
  try {
    const env = environment(registry.url);
    publishAll(env);
    for (const name of [NAME, thisTarget().package]) await printSize(registry.url, name);
    const users = new Users(tools, env, server.endpoint);
    users.withNpm();
    users.withoutOptionalDependencies();
    users.withPnpm();
    users.withYarn();
  } finally {
    await registry.stop();
    await server.stop();
    for (const each of [scratch, staged]) rmSync(each, { recursive: true, force: true });
  }
});

/** Publishes the packages, with the addon of this platform and placeholders for the other platforms. */
function publishAll(/** @type {NodeJS.ProcessEnv} */ env) {
  const artifacts = folder('artifacts');
  for (const { file, platform } of targets) {
    const path = join(artifacts, file);
    if (platform === thisTarget().platform) copyFileSync(join(root, 'native', file), path);
    else writeFileSync(path, 'of another platform');
  }
  const folders = stage(artifacts, staged);
  publish(folders, [], env);
  // Publishing again must work, because a release may fail half-way.
  publish({ main: folders.main, platforms: [] }, [], env);
  const sdk = folder('sdk');
  writeFileSync(join(sdk, 'package.json'), JSON.stringify({ name: SDK, version: '3.9999.0' }));
  writeFileSync(join(sdk, 'index.js'), 'exports.DynamoDB = class OfTheApplication {};');
  publish({ main: sdk, platforms: [] }, [], env);
}

/**
 * Prints the size of a published package as users download it.
 *
 * @param {string} registry
 * @param {string} name
 */
async function printSize(registry, name) {
  const { dist } = /** @type {any} */ (await (await fetch(`${registry}${name}/latest`)).json());
  const { byteLength } = await (await fetch(dist.tarball)).arrayBuffer();
  console.log(`  ${name}: ${kilobytes(byteLength)} packed`);
}

/** @param {number} bytes */
const kilobytes = (bytes) => `${Math.round(bytes / 1000).toLocaleString('en')} kB`;

/**
 * Makes the environment of a user's shell: Node and npm, no compiler, no settings, and empty caches.
 *
 * @param {string} registry
 * @returns {NodeJS.ProcessEnv}
 */
function environment(registry) {
  const npmrc = join(folder('home'), '.npmrc');
  // npm does not publish without a token.
  writeFileSync(npmrc, `//${new URL(registry).host}/:_authToken=none\n`);
  const { SystemRoot, TEMP } = process.env;
  return {
    ...(process.platform === 'win32'
      ? { SystemRoot, TEMP, PATH: process.env.PATH }
      : { PATH: programs() }),
    HOME: folder('home'),
    npm_config_registry: registry,
    npm_config_userconfig: npmrc,
    npm_config_update_notifier: 'false',
    YARN_NPM_REGISTRY_SERVER: registry,
    YARN_UNSAFE_HTTP_WHITELIST: '127.0.0.1',
    YARN_NPM_MINIMAL_AGE_GATE: '0',
    YARN_ENABLE_TELEMETRY: 'false',
    YARN_ENABLE_GLOBAL_CACHE: 'false',
    YARN_NODE_LINKER: 'pnp',
    // Otherwise Yarn and pnpm let a package use dependencies that it does not declare.
    YARN_PNP_FALLBACK_MODE: 'none',
    npm_config_hoist: 'false',
  };
}

/** Makes a folder with links to Node and npm only. */
function programs() {
  const bin = folder('bin');
  const npm = String(process.env.PATH)
    .split(delimiter)
    .map((path) => join(path, 'npm'))
    .find((path) => statSync(path, { throwIfNoEntry: false }));
  symlinkSync(process.execPath, join(bin, 'node'));
  symlinkSync(String(npm), join(bin, 'npm'));
  return bin;
}

class Users {
  /**
   * @param {string} tools
   * @param {NodeJS.ProcessEnv} env
   * @param {string} endpoint
   */
  constructor(tools, env, endpoint) {
    this.tools = join(tools, 'node_modules');
    this.env = env;
    this.endpoint = endpoint;
  }

  withNpm() {
    const [plain, unscripted] = [[], ['--ignore-scripts']].map((options, index) => {
      const app = this.app(`npm-${index}`);
      this.npm(app, options);
      return app;
    });
    const installed = readdirSync(join(plain, 'node_modules')).filter((name) => name[0] !== '.');
    assert.deepEqual(installed, [NAME, thisTarget().package]);
    assert.deepEqual(tree(unscripted), tree(plain), 'install scripts change nothing');
    this.run(plain, { sdk: 'ERR_SESSION_CLIENT' });
    this.command((args, env) => run('npm', ['exec', '--', ...args], plain, env));
    const bytes = tree(plain).reduce((sum, [, size]) => sum + Number(size), 0);
    done(`npm: installed with and without --ignore-scripts, ${kilobytes(bytes)} unpacked, and run`);
  }

  withoutOptionalDependencies() {
    const app = this.app('npm-omit');
    this.npm(app, ['--omit=optional']);
    assert.throws(
      () => this.run(app, { sdk: 'ERR_SESSION_CLIENT' }),
      /Reason: +it is not installed\s+The package manager has left out optional dependencies/,
    );
    done('npm --omit=optional: ERR_SESSION_ADDON');
  }

  withPnpm() {
    // In a workspace, no folder above the package contains the dependencies of the app.
    writeFileSync(join(folder('pnpm'), 'pnpm-workspace.yaml'), 'packages: [app]');
    const app = this.app(join('pnpm', 'app'));
    const pnpm = join(this.tools, 'pnpm', 'bin', 'pnpm.cjs');
    const options = ['--store-dir', folder('pnpm-store')];
    run(process.execPath, [pnpm, 'add', NAME, SDK, ...options], app, this.env);
    this.run(app, { sdk: 'OfTheApplication' });
    this.command((args, env) => run(process.execPath, [pnpm, 'exec', ...args], app, env));
    done('pnpm, in a workspace: installed, run, and the AWS SDK of the application is found');
  }

  withYarn() {
    const app = this.app('yarn');
    writeFileSync(join(app, 'yarn.lock'), '');
    const yarn = join(this.tools, '@yarnpkg', 'cli-dist', 'bin', 'yarn.js');
    run(process.execPath, [yarn, 'add', NAME, SDK], app, this.env);
    this.run(app, { sdk: 'OfTheApplication' }, ['--require', join(app, '.pnp.cjs')]);
    this.command((args, env) => run(process.execPath, [yarn, 'run', ...args], app, env));
    done('Yarn, Plug’n’Play: installed, run, and the AWS SDK of the application is found');
  }

  /** Makes an empty app. */
  app(/** @type {string} */ name) {
    const app = folder(name);
    writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true }));
    copyFileSync(join(__dirname, 'registry', 'app.js'), join(app, 'app.js'));
    return app;
  }

  /**
   * @param {string} app
   * @param {string[]} options
   */
  npm(app, options) {
    const cache = ['--cache', folder(`cache-${randomUUID()}`)];
    run('npm', ['install', NAME, '--no-audit', '--no-fund', ...cache, ...options], app, this.env);
  }

  /**
   * Runs the command of the package as users do.
   *
   * @param {(args: string[], env: NodeJS.ProcessEnv) => string} exec runs it in a folder in which the package is
   *   installed
   */
  command(exec) {
    // Package managers start commands by a shell.
    const { PATH } = process.env;
    const keys = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' };
    const env = { ...this.env, PATH, ...keys };
    assert.match(exec([NAME, '--help'], env), /Exit codes: 0 done/);
    const table = `registry-${randomUUID()}`;
    const where = ['--table', table, '--endpoint', this.endpoint, '--region', 'us-east-1'];
    const created = exec([NAME, 'create-table', '--json', ...where], env);
    assert.deepEqual(JSON.parse(created), { table, created: true, timeToLive: 'expires' });
  }

  /**
   * Runs an app. Program and working directory are outside of the app's folder, so the package can find modules only
   * from the folder in which it was installed.
   *
   * @param {string} app
   * @param {{ sdk: string }} expected
   * @param {string[]} [options] options of Node
   */
  run(app, { sdk }, options = []) {
    const env = {
      ...this.env,
      DYNAMODB_ENDPOINT: this.endpoint,
      EXPRESS_FROM: join(root, 'package.json'),
      SESSION_TABLE: `registry-${randomUUID()}`,
    };
    const code = `require(${JSON.stringify(join(app, 'app.js'))})`;
    const output = run(process.execPath, [...options, '--eval', code], dirname(scratch), env);
    assert.deepEqual(JSON.parse(output), { visits: [1, 2], sdk });
  }
}

/** Lists the installed files with their sizes. */
function tree(/** @type {string} */ app) {
  const modules = join(app, 'node_modules');
  return readdirSync(modules, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== '.package-lock.json')
    .map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [path.slice(modules.length), statSync(path).size];
    })
    .sort();
}

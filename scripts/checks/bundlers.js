'use strict';

/**
 * Checks the package in a bundle of each bundler, without bundler options, with the platform's package beside the
 * bundle. Also checks it as an external package of a bundle.
 *
 *     node scripts/checks/bundlers.js [--next]    checks Next too, which takes some minutes
 */

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} = require('node:fs');
const { createRequire } = require('node:module');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const { cachedPackages } = require('../cache');
const dynamodb = require('../dynamodb-local');
const { thisTarget } = require('../release/targets');
const { program, root } = require('../setup');
const { checkNext } = require('./next');
const { copyPackage } = require('./package');

const NAME = 'dynamo-session-store';
const platform = thisTarget();
const scratch = mkdtempSync(join(tmpdir(), 'dynamo-session-store-bundlers-'));
const app = join(scratch, 'app');
const entry = join(app, 'app.js');

/** @param {string} line */
const done = (line) => console.log(`  ✓ ${line}`);

/**
 * The bundlers: each bundles `entry` without an option for the package or its addon.
 *
 * @type {Array<{ file: string, make: (load: NodeJS.Require, output: string) => Promise<unknown> }>}
 */
const bundles = [
  {
    file: 'esbuild.js',
    make: (load, output) => load('esbuild').build({ ...forEsbuild, outfile: output }),
  },
  {
    file: 'esbuild.mjs',
    // esbuild needs this banner for any CommonJS package in an ES module.
    make: (load, output) =>
      load('esbuild').build({
        ...forEsbuild,
        format: 'esm',
        outfile: output,
        banner: {
          js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
        },
      }),
  },
  { file: 'webpack.js', make: withWebpack },
  { file: 'rollup.cjs', make: (load, output) => withRollup(load, output, 'cjs') },
  { file: 'rollup.mjs', make: (load, output) => withRollup(load, output, 'es') },
  {
    file: 'ncc.js',
    async make(load, output) {
      const { code, assets } = await load('@vercel/ncc')(entry, { quiet: true });
      assert.deepEqual(Object.keys(assets), []);
      writeFileSync(output, code);
    },
  },
];

const forEsbuild = {
  entryPoints: [entry],
  bundle: true,
  platform: 'node',
  logLevel: 'error',
};

/**
 * @param {NodeJS.Require} load
 * @param {string} output
 */
function withWebpack(load, output) {
  const options = {
    mode: 'production',
    target: 'node',
    context: app,
    entry,
    output: { path: join(output, '..'), filename: 'webpack.js' },
  };
  return new Promise((resolve, reject) => {
    load('webpack')(options, (/** @type {unknown} */ error, /** @type {any} */ stats) => {
      const report = stats?.toJson({ all: false, errors: true, warnings: true });
      const ours = [...(report?.errors ?? []), ...(report?.warnings ?? [])].filter(
        // webpack warns about Express itself.
        ({ moduleName }) => !/node_modules\/express\//.test(moduleName),
      );
      if (error || ours.length > 0) reject(error ?? new Error(JSON.stringify(ours)));
      else resolve(undefined);
    });
  });
}

/** The bundle of Rollup, which is written in two formats. @type {Promise<any> | undefined} */
let rolledUp;

/**
 * @param {NodeJS.Require} load
 * @param {string} file
 * @param {'cjs' | 'es'} format
 */
async function withRollup(load, file, format) {
  rolledUp ??= load('rollup').rollup({
    input: entry,
    plugins: [
      load('@rollup/plugin-node-resolve').nodeResolve({ preferBuiltins: true }),
      load('@rollup/plugin-commonjs')(),
      load('@rollup/plugin-json')(),
    ],
    logLevel: 'silent',
  });
  await (await rolledUp).write({ file, format });
}

program(async () => {
  const options = /** @type {const} */ ({ next: { type: 'boolean', default: false } });
  const { next } = parseArgs({ options }).values;
  const tools = cachedPackages('bundlers', join(__dirname, 'bundlers', 'package.json'));
  const load = createRequire(join(tools, 'index.js'));
  const server = await dynamodb.start();
  process.env.DYNAMODB_ENDPOINT = server.endpoint;
  try {
    makeApp();
    for (const bundle of bundles) await checkBundle(load, bundle);
    checkLinked();
    await checkExternal(load);
    await checkTracing(load);
    if (next) await checkNext(scratch, installIn, done);
  } finally {
    await server.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
});

function makeApp() {
  const modules = join(app, 'node_modules');
  mkdirSync(modules, { recursive: true });
  copyFileSync(join(__dirname, 'bundlers', 'app.js'), entry);
  for (const name of ['express', 'express-session']) {
    symlinkSync(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
  installIn(app, NAME);
  installIn(app, platform.package);
}

/**
 * @param {string} folder
 * @param {string} name the name of this package, or of the platform's package
 */
function installIn(folder, name) {
  const target = join(folder, 'node_modules', name);
  if (name === NAME) {
    copyPackage(target);
    return;
  }
  mkdirSync(target, { recursive: true });
  copyFileSync(join(root, 'native', platform.file), join(target, platform.file));
  const manifest = { name, version: '0.0.0', main: platform.file };
  writeFileSync(join(target, 'package.json'), JSON.stringify(manifest));
}

/**
 * @param {NodeJS.Require} load
 * @param {(typeof bundles)[number]} bundle
 */
async function checkBundle(load, { file, make }) {
  const beside = join(scratch, 'beside', file);
  const alone = join(scratch, 'alone', file);
  if (file === bundles[0].file) installIn(join(scratch, 'beside'), platform.package);
  await make(load, beside);
  assert.deepEqual(start(beside), { status: 0, stdout: '[1,2]\n', stderr: '' });
  mkdirSync(join(scratch, 'alone'), { recursive: true });
  copyFileSync(beside, alone);
  const { code, message } = failure(alone);
  assert.equal(code, 'ERR_SESSION_ADDON');
  assert.match(message, /This code runs from a bundle[\s\S]+docs\/BUNDLERS\.md/);
  done(`${file}: runs beside the package of the platform, and says so where there is none`);
}

/** pnpm links only direct dependencies into an app's folder, so the bundle cannot see the platform's package. */
function checkLinked() {
  const folder = join(scratch, 'linked');
  const store = join(folder, 'store');
  for (const name of [NAME, platform.package]) installIn(store, name);
  mkdirSync(join(folder, 'app', 'node_modules'), { recursive: true });
  const link = join(folder, 'app', 'node_modules', NAME);
  symlinkSync(join(store, 'node_modules', NAME), link, 'junction');
  const [{ file }] = bundles;
  const bundle = join(folder, 'app', file);
  copyFileSync(join(scratch, 'beside', file), bundle);
  assert.deepEqual(start(bundle), { status: 0, stdout: '[1,2]\n', stderr: '' });
  done('a bundle in an app that pnpm has installed: finds the addon by way of the package');
}

/** Bundles express-session, but not this package. */
async function checkExternal(/** @type {NodeJS.Require} */ load) {
  const folder = join(scratch, 'external');
  const file = join(folder, 'external.js');
  for (const name of [NAME, platform.package]) installIn(folder, name);
  await load('esbuild').build({ ...forEsbuild, external: [NAME], outfile: file });
  assert.deepEqual(start(file, {}), { status: 0, stdout: '[1,2]\n', stderr: '' });
  const { message } = failure(file);
  assert.match(message, /DynamoDBStore needs express-session.*pass that package:/);
  done('an external package: runs on the express-session of the bundle when that is passed');
}

/** Traces the files of the app, as Vercel does for a deployment. */
async function checkTracing(/** @type {NodeJS.Require} */ load) {
  const { fileList } = await load('@vercel/nft').nodeFileTrace([entry], { base: scratch });
  const wanted = join('app', 'node_modules', platform.package, platform.file);
  assert.ok(fileList.has(wanted), 'the addon is among the files that are traced');
  done('@vercel/nft: finds the addon');
}

/**
 * Runs a bundle.
 *
 * @param {string} file
 * @param {NodeJS.ProcessEnv} [env]
 */
function start(file, env = { READY_MADE: '1' }) {
  const report = join(__dirname, 'bundlers', 'report.js');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--require', report, file], {
    cwd: join(file, '..'),
    env: { ...process.env, ...env, SESSION_TABLE: `bundlers-${randomUUID()}` },
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/**
 * Runs a bundle that must fail.
 *
 * @param {string} file
 * @returns {{ code: string, message: string }}
 */
function failure(file) {
  const { status, stdout, stderr } = start(file);
  assert.deepEqual({ status, stderr }, { status: 1, stderr: '' });
  return JSON.parse(stdout);
}

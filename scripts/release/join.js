'use strict';

/**
 * Joins the files of `lib/` as they are published. Node takes a tenth of a millisecond and more to
 * find, read and compile a file, and a store needs two dozen: a fifth of the time to its first
 * session. What is always loaded becomes `core.js`; what is loaded where it is needed stays a file.
 * Comments are left out, because Node takes half a millisecond to read them. The rest of the code is as it was
 * written: errors point to lines that can be read.
 *
 *     node scripts/release/join.js folder    the package as npm packs it
 */

const { readdirSync, rmSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');
const { default: commonjs } = require('@rollup/plugin-commonjs');
const { rollup } = require('rollup');
const { joinCommand } = require('./join-command');
const { withoutComments } = require('./without-comments');
const { SetupError, program, root } = require('../setup');

const lib = join(root, 'lib');

/** What the entries of the package and the command load. */
const ENTRIES = ['errors', 'connect', 'koa', 'shopify', 'command'];

/** What an entry and the command load, and is too small for a file of its own: it goes into `core.js`. */
const SHARED = ['bytes', 'dates', 'koa.options', 'shopify.options', 'shopify.session'];

/**
 * What is loaded where it is needed: for clients, for locks, for all sessions of a table, for some options, for unknown
 * options, and for the command.
 */
const LATER = [
  'all-sessions',
  'aws/adopt',
  'aws/call',
  'aws/contexts',
  'aws/make',
  'codec.options',
  'creation',
  'debug',
  'diagnosis',
  'express.tracking',
  'fields',
  'hashed-ids.options',
  'indexes',
  'keys',
  'kinds',
  'koa.tracking',
  'lock',
  'scan',
  'suggestions',
  'tracing',
  'tracking',
];

/** What stays as it is, because it has nothing to do with the rest, or is never loaded. */
const NOT_JOINED = [
  'codecs.d.ts',
  'common-options.d.ts',
  'handle.js',
  'hashed-ids.d.ts',
  'locks.d.ts',
  'marks.d.ts',
  'monitoring.d.ts',
  'native.error.js',
  'node-version.js',
  'scans.d.ts',
  'streams.js',
  'traced.js',
  'types.d.ts',
];

/** The requests for these. In what is published, all of them are beside `core.js`. */
const later = new Set([...LATER, ...NOT_JOINED].map((name) => `./${basename(name, '.js')}`));

/** Whether a `require` stays where it is. */
const isKept = (/** @type {string} */ request) => !request.startsWith('.') || later.has(request);

/** Finds files as Node does. @type {import('rollup').Plugin} */
const resolveFiles = {
  name: 'resolve-files',
  resolveId(request, from) {
    if (!request.startsWith('.') || !from) return null;
    return `${join(dirname(from), request)}.js`;
  },
};

/**
 * Joins the files of a package.
 *
 * @param {string} target its `lib/`, which is replaced
 */
async function joinFiles(target) {
  const files = [...ENTRIES, ...LATER].map((name) => [basename(name), join(lib, `${name}.js`)]);
  const bundle = await rollup({
    input: Object.fromEntries(files),
    plugins: [resolveFiles, commonjs({ ignore: isKept, strictRequires: 'auto' }), withoutComments],
    // What is never run, such as `if (false)` in native.js, is there to be read by others.
    treeshake: false,
    onwarn({ message }) {
      throw new SetupError(`lib/ cannot be joined: ${message}`);
    },
  });
  for (const name of readdirSync(target)) {
    if (!NOT_JOINED.includes(name)) rmSync(join(target, name), { recursive: true });
  }
  await bundle.write({
    dir: target,
    format: 'cjs',
    exports: 'auto',
    esModule: false,
    hoistTransitiveImports: false,
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
    manualChunks: core,
  });
  await bundle.close();
}

/**
 * The chunk of a module: `core` has what the store for Express loads, apart from what is its own. The
 * rest is left to Rollup, which puts into an entry what no other loads.
 *
 * @type {import('rollup').GetManualChunk}
 */
function core(id, { getModuleInfo }) {
  const own = ['connect.js', 'express.js'].map((name) => join(lib, name));
  /** @type {Set<string>} */
  const loaded = new Set();
  const load = (/** @type {string} */ each) => {
    if (loaded.has(each)) return;
    loaded.add(each);
    getModuleInfo(each)?.importedIds.forEach(load);
  };
  load(own[0]);
  const shared = SHARED.map((name) => join(lib, `${name}.js`));
  if (shared.some((file) => id.includes(file))) return 'core';
  return loaded.has(id) && !own.some((name) => id.includes(name)) ? 'core' : undefined;
}

program(async () => {
  const [folder] = process.argv.slice(2);
  if (!folder) throw new SetupError('Usage: node scripts/release/join.js folder');
  await joinFiles(join(folder, 'lib'));
  await joinCommand(join(folder, 'cli'));
});

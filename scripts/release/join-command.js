'use strict';

/**
 * Joins the files of `cli/` as they are published: one file with the parser of arguments and the progress bar in it, so
 * that the package has no dependencies at run time. The files of `lib/` stay outside: the command loads those of the
 * package. The licenses of what is joined are written beside the file.
 */

const { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { dirname, join, resolve, sep } = require('node:path');
const { default: commonjs } = require('@rollup/plugin-commonjs');
const { default: nodeResolve } = require('@rollup/plugin-node-resolve');
const { rollup } = require('rollup');
const { withoutComments } = require('./without-comments');
const { SetupError, root } = require('../setup');

const cli = join(root, 'cli');
const modules = join(root, 'node_modules') + sep;

/** The file with the licenses, in the folder of the command. */
const NOTICES = 'THIRD_PARTY_LICENSES';

/** A module of an option that the command does not use: colours of cli-table3. */
const EMPTY = '\0empty';

const LINE = '='.repeat(80);

/** Requests for files of this package that are outside of `cli/`. They stay where they are, so they are run as late. */
const OUTSIDE = /^\.\.\/(lib\/|package\.json$)/;

/** Makes these requests those of a file in the folder itself. @type {import('rollup').Plugin} */
const fromMain = {
  name: 'from-main',
  transform(code, id) {
    if (!id.startsWith(cli)) return null;
    const request = /\brequire\('(?:\.\.\/)+(lib\/[\w.-]+|package\.json)'\)/g;
    return { code: code.replace(request, "require('../$1')"), map: null };
  },
};

/** Finds the files of `cli/`. @type {import('rollup').Plugin} */
const resolveFiles = {
  name: 'resolve-files',
  resolveId(request, from) {
    if (request === '@colors/colors/safe') return EMPTY;
    if (!request.startsWith('.') || !from?.startsWith(cli)) return null;
    const file = resolve(dirname(from), request);
    return [`${file}.js`, join(file, 'index.js')].find((each) => existsSync(each));
  },
  load: (id) => (id === EMPTY ? 'module.exports = {};' : null),
};

/**
 * Joins the files of the command.
 *
 * @param {string} target the `cli/` of a package, which is replaced
 */
async function joinCommand(target) {
  const bundle = await rollup({
    input: join(cli, 'main.js'),
    plugins: [
      fromMain,
      resolveFiles,
      nodeResolve({ exportConditions: ['node', 'require'], preferBuiltins: true }),
      commonjs({
        ignore: (id) => OUTSIDE.test(id),
        ignoreTryCatch: false,
        strictRequires: 'auto',
      }),
      withoutComments,
    ],
    onwarn({ message }) {
      throw new SetupError(`cli/ cannot be joined: ${message}`);
    },
  });
  rmSync(target, { recursive: true, force: true });
  const { output } = await bundle.write({
    file: join(target, 'main.js'),
    format: 'cjs',
    interop: 'default',
    esModule: false,
    inlineDynamicImports: true,
  });
  await bundle.close();
  const joined = output.flatMap((chunk) => ('moduleIds' in chunk ? chunk.moduleIds : []));
  writeFileSync(join(target, NOTICES), notices(joined));
}

/**
 * Returns the licenses of the packages whose files were joined.
 *
 * @param {string[]} ids the paths of the files
 */
function notices(ids) {
  const folders = new Set(ids.flatMap((id) => packageOf(id.replace(/^\0|\?.*$/g, '')) ?? []));
  const parts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    if (!file) throw new SetupError(`${name} has no license file`);
    const text = readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim();
    return [LINE, `${name} ${version} (${license})`, '', text].join('\n');
  });
  const head =
    'The command of dynamo-session-store contains the software below. These are its licenses.';
  return [head, ...parts, ''].join('\n\n');
}

/**
 * Returns the folder of the package that a file belongs to.
 *
 * @param {string} file
 */
function packageOf(file) {
  if (!file.startsWith(modules)) return undefined;
  let folder = dirname(file);
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

module.exports = { joinCommand };

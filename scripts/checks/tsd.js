'use strict';

/**
 * Tests the declarations with tsd, by `__test__/types/`.
 *
 * tsd checks the declarations of all dependencies, and then leaves out their errors. This program makes it check only
 * the files whose errors it reports, in half the time.
 */

const { createRequire } = require('node:module');
const { program: run, root } = require('../setup');

const TYPESCRIPT = '@tsd/typescript';
const load = createRequire(require.resolve('tsd'));

const isOfDependency = (/** @type {string} */ file) => file.includes('/node_modules/');

/**
 * Declares all services of AWS, a million lines. The clients of aws-sdk v2 import it for settings that the tests do not
 * use. So the tests import a client by its own path: the entry of aws-sdk would lack it here.
 */
const ALL_SERVICES = /\/aws-sdk\/clients\/all\.d\.ts$/;

/** Makes tsd's TypeScript check no files of dependencies, and lets it read an empty file for `ALL_SERVICES`. */
function leaveOutDependencies() {
  const typescript = load(TYPESCRIPT);
  const createProgram = (/** @type {string[]} */ files, /** @type {any} */ options) => {
    const host = typescript.createCompilerHost(options);
    const { readFile } = host;
    host.readFile = (/** @type {string} */ file) =>
      ALL_SERVICES.test(file) ? 'export {};' : readFile(file);
    const program = typescript.createProgram(files, options, host);
    const own = program
      .getSourceFiles()
      .filter((/** @type {any} */ { fileName }) => !isOfDependency(fileName));
    const diagnosticsOf = program.getSemanticDiagnostics;
    program.getSemanticDiagnostics = () =>
      own.flatMap((/** @type {any} */ file) => diagnosticsOf(file));
    return program;
  };
  // The functions of TypeScript cannot be replaced, but the object that has them can.
  const { exports, ...loaded } = /** @type {any} */ (require.cache[load.resolve(TYPESCRIPT)]);
  require.cache[load.resolve(TYPESCRIPT)] = { ...loaded, exports: { ...exports, createProgram } };
}

run(async () => {
  leaveOutDependencies();
  const { default: tsd, formatter } = load('tsd');
  const found = await tsd({ cwd: root });
  if (found.length === 0) return 0;
  console.error(formatter(found));
  return 1;
});

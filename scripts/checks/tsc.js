'use strict';

/**
 * Checks the types of all JavaScript, and the declarations of this package, by tsconfig.json.
 *
 * tsc checks the declarations of all dependencies, or with `skipLibCheck` no declarations, not even those of this
 * package. This program checks all files except those of dependencies, in a quarter of the time.
 */

const { join } = require('node:path');
const ts = require('typescript');
const { program: run, root } = require('../setup');

/** The options that differ from tsconfig.json. @type {ts.CompilerOptions} */
const OPTIONS = {
  skipLibCheck: false,
  // Only the benchmark uses aws-sdk v2. Its own declarations are those of all services of AWS, a million lines.
  paths: { 'aws-sdk': [join(root, 'bench', 'aws-sdk.d.ts')] },
};

/** @type {ts.FormatDiagnosticsHost} */
const format = {
  getCanonicalFileName: (file) => file,
  getCurrentDirectory: () => root,
  getNewLine: () => '\n',
};

/**
 * Returns what is wrong with the files of a project, and with their own imports.
 *
 * @param {string} file its tsconfig.json
 */
function problems(file) {
  const config = ts.getParsedCommandLineOfConfigFile(file, OPTIONS, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic(diagnostic) {
      throw new Error(ts.formatDiagnostic(diagnostic, format));
    },
  });
  if (!config) throw new Error(`${file} cannot be read`);
  const { fileNames, options, errors } = config;
  const program = ts.createProgram(fileNames, options);
  const own = program.getSourceFiles().filter(({ fileName }) => !isOfDependency(fileName));
  return [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...own.flatMap((each) => [
      ...program.getSyntacticDiagnostics(each),
      ...program.getSemanticDiagnostics(each),
    ]),
  ];
}

const isOfDependency = (/** @type {string} */ file) => file.includes('/node_modules/');

run(() => {
  const found = problems(join(root, 'tsconfig.json'));
  if (found.length === 0) return 0;
  const show = process.stderr.isTTY
    ? ts.formatDiagnosticsWithColorAndContext
    : ts.formatDiagnostics;
  console.error(show(found, format));
  return 1;
});

'use strict';

/** Selects the checks for `npm test -- --changed`: those that the changed files can break, in about two minutes. */

const { readdirSync } = require('node:fs');
const { join, parse } = require('node:path');
const { run } = require('./cache');
const { root } = require('./setup');

/** The contract of all stores: these tests run whenever a file of the package has changed. */
const CONTRACT = ['express', 'koa', 'shopify'].map((name) => `__test__/${name}.contract.test.js`);

/** The checks that run if a file with a matching path has changed. @type {readonly [RegExp, string[]][]} */
const CHECKS = [
  [/\.rs$|^Cargo\.|^rust-toolchain/, ['rustfmt', 'clippy', 'cargo']],
  [/^Cargo\.|^deny\.toml|^THIRD_PARTY/, ['crates']],
  [/^(lib|src)\//, ['layers']],
  [/\.(js|mjs|json)$/, ['biome']],
  [/\.(js|mjs|ts|mts)$|^tsconfig/, ['tsc']],
  [/\.d\.m?ts$|^__test__\/types\//, ['types']],
  [/^package(-lock)?\.json$/, ['engines', 'publint', 'attw']],
];

/** The product code of the package. */
const PRODUCT = /^(src|lib)\/|^(index|koa|shopify|streams)\.m?js$|^Cargo\./;

/**
 * @param {readonly string[]} files the changed files, relative to the root
 * @param {readonly string[]} tests all test files
 * @returns {{ checks: string[], tests: string[] }} the checks, and the test files for Jest
 */
function checksOf(files, tests) {
  const checks = CHECKS.flatMap(([where, names]) =>
    files.some((file) => where.test(file)) ? names : [],
  );
  const wanted = new Set(files.filter((file) => tests.includes(file)));
  if (files.some((file) => PRODUCT.test(file))) for (const test of CONTRACT) wanted.add(test);
  if (files.some((file) => file.endsWith('.md'))) {
    for (const test of tests) if (test.startsWith('__test__/docs.')) wanted.add(test);
  }
  if (
    files.some(
      (file) => /^cli\//.test(file) || file === 'lib/command.js' || file === 'lib/kinds.js',
    )
  ) {
    for (const test of tests) if (/^__test__\/(cli|doctor)\./.test(test)) wanted.add(test);
  }
  for (const file of files) {
    // A file such as `lib/calls.js` or `src/core/dynamo/outage/mod.rs` has tests with its name. A framework has too
    // many of them.
    const { name, dir } = parse(file);
    const subject = name === 'mod' ? parse(dir).name : name;
    if (!PRODUCT.test(file) || /^(express|koa|shopify)/.test(subject)) continue;
    const own = [`__test__/${subject}.`, `__test__/${subject}s.`];
    for (const test of tests) if (own.some((start) => test.startsWith(start))) wanted.add(test);
  }
  if (wanted.size > 0) checks.push('jest');
  return { checks: [...new Set(checks)], tests: [...wanted].sort() };
}

/** The files that differ from the main branch, and untracked files. */
function changedFiles() {
  const git = (/** @type {string[]} */ ...args) =>
    run('git', args, root).split('\n').filter(Boolean);
  const [base] = git('merge-base', 'HEAD', mainBranch(git));
  const tracked = git('diff', '--name-only', '--diff-filter=d', base);
  return [...tracked, ...git('ls-files', '--others', '--exclude-standard')];
}

/** @param {(...args: string[]) => string[]} git */
function mainBranch(git) {
  const names = git(
    'for-each-ref',
    '--format=%(refname:short)',
    'refs/remotes/origin',
    'refs/heads',
  );
  return ['origin/main', 'main'].find((name) => names.includes(name)) ?? 'HEAD';
}

function testFiles() {
  const names = readdirSync(join(root, '__test__')).filter((name) => name.endsWith('.test.js'));
  return names.map((name) => `__test__/${name}`);
}

/** The checks and test files for the changes of this clone. */
const whatChanged = () => checksOf(changedFiles(), testFiles());

module.exports = { checksOf, whatChanged };

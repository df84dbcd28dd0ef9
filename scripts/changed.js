'use strict';

/** What `npm test -- --changed` runs: the checks that what has changed can fail, in two minutes or so. */

const { readdirSync } = require('node:fs');
const { join, parse } = require('node:path');
const { run } = require('./cache');
const { root } = require('./setup');

/** What every store promises: run whenever the package itself has changed. */
const CONTRACT = ['express', 'koa', 'shopify'].map((name) => `__test__/${name}.contract.test.js`);

/** The checks that need a file, by where it is. @type {readonly [RegExp, string[]][]} */
const CHECKS = [
  [/\.rs$|^Cargo\.|^rust-toolchain/, ['rustfmt', 'clippy', 'cargo']],
  [/^Cargo\.|^deny\.toml|^THIRD_PARTY/, ['crates']],
  [/\.(js|mjs|json)$/, ['biome']],
  [/\.(js|mjs|ts|mts)$/, ['tsc']],
  [/^bench\/.*\.js$/, ['tsc-bench']],
  [/\.d\.m?ts$|^__test__\/types\//, ['types']],
  [/^package(-lock)?\.json$/, ['engines', 'publint', 'attw']],
];

/** Files of the package, which decide about each of its calls. */
const PRODUCT = /^(src|lib)\/|^(index|koa|shopify)\.m?js$|^Cargo\./;

/**
 * @param {readonly string[]} files that have changed, from the root
 * @param {readonly string[]} tests the test files there are
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
  for (const file of files) {
    // `lib/calls.js` and `src/core/dynamo/outage/mod.rs` have tests of their name; a framework's are too many.
    const { name, dir } = parse(file);
    const subject = name === 'mod' ? parse(dir).name : name;
    if (!PRODUCT.test(file) || /^(express|koa|shopify)/.test(subject)) continue;
    const own = [`__test__/${subject}.`, `__test__/${subject}s.`];
    for (const test of tests) if (own.some((start) => test.startsWith(start))) wanted.add(test);
  }
  if (wanted.size > 0) checks.push('jest');
  return { checks: [...new Set(checks)], tests: [...wanted].sort() };
}

/** The files that differ from the main branch, and those that git does not know yet. */
function changedFiles() {
  const git = (/** @type {string[]} */ ...args) =>
    run('git', args, root).split('\n').filter(Boolean);
  const [base] = git('merge-base', 'HEAD', mainBranch(git));
  const known = git('diff', '--name-only', '--diff-filter=d', base);
  return [...known, ...git('ls-files', '--others', '--exclude-standard')];
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

/** The checks and test files for what has changed. */
const whatChanged = () => checksOf(changedFiles(), testFiles());

module.exports = { checksOf, whatChanged };

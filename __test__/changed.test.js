'use strict';

/** Which checks `npm test -- --changed` runs. */

const { checksOf } = require('../scripts/changed');

const TESTS = [
  'calls',
  'cli.flags',
  'docs.code',
  'docs.links',
  'express.contract',
  'express.races',
  'koa.contract',
  'outages',
  'outages.probes',
  'shopify.contract',
].map((name) => `__test__/${name}.test.js`);

const CONTRACT = TESTS.filter((test) => test.includes('contract'));

test.each([
  ['nothing', [], [], []],
  [
    'a page',
    ['docs/COST.md'],
    ['jest'],
    ['__test__/docs.code.test.js', '__test__/docs.links.test.js'],
  ],
  ['a test', ['__test__/calls.test.js'], ['biome', 'tsc', 'jest'], ['__test__/calls.test.js']],
  ['a framework', ['lib/koa.js'], ['layers', 'biome', 'tsc', 'jest'], CONTRACT],
  [
    'a part',
    ['lib/calls.js'],
    ['layers', 'biome', 'tsc', 'jest'],
    ['__test__/calls.test.js', ...CONTRACT],
  ],
  [
    'the core',
    ['src/core/dynamo/outage/mod.rs'],
    ['rustfmt', 'clippy', 'cargo', 'layers', 'jest'],
    [...CONTRACT, '__test__/outages.probes.test.js', '__test__/outages.test.js'].sort(),
  ],
  ['the command', ['cli/run.js'], ['biome', 'tsc', 'jest'], ['__test__/cli.flags.test.js']],
  ['types', ['index.d.ts'], ['tsc', 'types'], []],
  ['the chaos run', ['chaos/lanes.js'], ['biome', 'tsc'], []],
])('%s has changed', (_what, files, checks, tests) => {
  expect(checksOf(files, TESTS)).toEqual({ checks, tests });
});

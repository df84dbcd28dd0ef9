'use strict';

const { problems } = require('../scripts/checks/crates');
const { CRATES_IO } = require('../scripts/crates');

const policy = { licenses: { allow: ['MIT', 'ISC', 'Unicode-3.0'] }, bans: { skip: [] } };
const crate = (more) => ({
  id: 'a',
  name: 'a',
  version: '1.0.0',
  license: 'MIT',
  source: CRATES_IO,
  authors: [],
  repository: null,
  manifest_path: '',
  targets: [],
  ...more,
});

test.each(['MIT', 'GPL-3.0 OR MIT', 'Apache-2.0/MIT', '(MIT OR Apache-2.0) AND Unicode-3.0'])(
  'a crate under %s is allowed',
  (license) => {
    expect(problems([crate({ license })], policy)).toEqual([]);
  },
);

test.each([
  ['a license that is not allowed', { license: 'GPL-3.0' }, 'has the license GPL-3.0'],
  ['one of two that are needed', { license: 'MIT AND GPL-3.0' }, 'MIT AND GPL-3.0'],
  ['a license with an exception', { license: 'GPL-2.0 WITH Classpath-exception-2.0' }, 'WITH'],
  ['no license', { license: null }, 'not an SPDX expression: ""'],
  ['a source of its own', { source: 'git+https://example.com/a' }, 'not crates.io'],
])('a crate with %s is not', (_name, more, problem) => {
  expect(problems([crate(more)], policy)).toEqual([expect.stringContaining(problem)]);
});

test('a crate in two versions is named, unless it is known', () => {
  const two = [crate(), crate({ version: '2.0.0' })];
  expect(problems(two, policy)).toEqual([
    expect.stringContaining('Cargo.lock has several versions of a,'),
  ]);
  const known = { ...policy, bans: { skip: [{ crate: 'a' }] } };
  expect(problems(two, known)).toEqual([]);
  expect(problems([crate()], known)).toEqual([
    expect.stringContaining('but Cargo.lock has only one'),
  ]);
});

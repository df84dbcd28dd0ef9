'use strict';

/** The scripts of a release, and the workflow that runs them. */

const { execFile } = require('node:child_process');
const { existsSync, mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { promisify } = require('node:util');
const yaml = require('js-yaml');
const { napi } = require('../package.json');
const { GLIBC, PLATFORMS } = require('../lib/native.error');
const { GLIBC: FLOOR, targets } = require('../scripts/release/targets');
const { canLink, linkAgainst } = require('./support/linked');

const run = promisify(execFile);
const root = join(__dirname, '..');
const workflow = yaml.load(readFileSync(join(root, '.github/workflows/release.yml'), 'utf8'));

const targetsOf = ({ strategy }) =>
  (strategy.matrix.target ?? strategy.matrix.include.map(({ target }) => target)).toSorted();

test('the workflow builds each target of package.json, and tests it', () => {
  const { build, test: direct, 'test-in-container': contained } = workflow.jobs;
  const all = napi.targets.toSorted();
  expect(targetsOf(build)).toEqual(all);
  expect([...new Set([...targetsOf(direct), ...targetsOf(contained)])].sort()).toEqual(all);
});

test('the workflow publishes when everything else has passed', () => {
  const { publish, ...others } = workflow.jobs;
  expect(publish.needs.toSorted()).toEqual(Object.keys(others).toSorted());
  expect(publish.permissions['id-token']).toBe('write');
});

test('the workflow runs scripts that exist', () => {
  const commands = Object.values(workflow.jobs).flatMap(({ steps }) =>
    steps.map((step) => step.run ?? ''),
  );
  const scripts = commands.join('\n').match(/scripts\/\S+\.(?:js|sh)/g);
  expect(scripts.length).toBeGreaterThan(5);
  expect(scripts.filter((script) => !existsSync(join(root, script)))).toEqual([]);
});

test('every place that lists the platforms has the targets of package.json', () => {
  const platforms = targets.map(({ platform }) => platform).sort();
  expect(PLATFORMS).toEqual(platforms);
  const traced = readFileSync(join(root, 'lib', 'traced.js'), 'utf8');
  const packages = [...traced.matchAll(/require\('dynamo-session-store-(.+)'\)/g)];
  expect(packages.map(([, platform]) => platform)).toEqual(platforms);
  expect(GLIBC).toBe(FLOOR);
});

(canLink ? test.each : test.skip.each)([
  ['GLIBC_2.99', `needs glibc 2.99; ${FLOOR} is the newest that it may need`],
  ['GLIBC_2.9', `needs glibc 2.9, and may need ${FLOOR}`],
])('an addon that needs %s', async (version, expected) => {
  const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-release-'));
  try {
    const file = join(folder, 'addon.node');
    linkAgainst(file, 'libc.so.6', version);
    const script = join(root, 'scripts', 'release', 'glibc.js');
    const said = await run(process.execPath, [script, file]).catch((error) => error);
    expect(said.stdout + said.stderr).toContain(expected);
    expect(said.code).toBe(version === 'GLIBC_2.99' ? 1 : undefined);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

'use strict';

/** The scripts of a release, and the workflow that runs them. */

const { execFile } = require('node:child_process');
const { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { promisify } = require('node:util');
const yaml = require('js-yaml');
const { napi, scripts } = require('../package.json');
const { GLIBC, PLATFORMS } = require('../lib/native.error');
const { GLIBC: FLOOR, targets } = require('../scripts/release/targets');
const { canLink, linkAgainst } = require('./support/linked');

const run = promisify(execFile);
const root = join(__dirname, '..');
const workflows = join(root, '.github/workflows');
const workflowOf = (file) => yaml.load(readFileSync(join(workflows, file), 'utf8'));
const workflow = workflowOf('release.yml');

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

describe.each(readdirSync(workflows))('%s', (file) => {
  const { jobs } = workflowOf(file);
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  test('runs scripts that exist', () => {
    const commands = steps.map((step) => step.run ?? '').join('\n');
    const files = commands.match(/scripts\/\S+\.(?:js|sh)/g) ?? [];
    expect(files.filter((script) => !existsSync(join(root, script)))).toEqual([]);
    const names = [...commands.matchAll(/npm run (\S+)/g)].map(([, name]) => name);
    expect(names.filter((name) => !(name in scripts))).toEqual([]);
    expect(commands).toMatch(/npm |node |cargo /);
  });

  test('names each action by a commit', () => {
    const actions = steps.flatMap((step) => step.uses ?? []);
    expect(actions.length).toBeGreaterThan(0);
    expect(actions.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
  });
});

test('the other files for GitHub are valid YAML', () => {
  const folder = join(root, '.github');
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.yml'));
  for (const file of files)
    expect(yaml.load(readFileSync(join(folder, file), 'utf8'))).toBeInstanceOf(Object);
  expect(files).toContain('dependabot.yml');
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
  ['GLIBC_2.99', `needs glibc 2.99, but must run on glibc ${FLOOR}`],
  ['GLIBC_2.9', `needs glibc 2.9 (at most ${FLOOR} is allowed)`],
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

'use strict';

/**
 * `npm test`: sets up what is missing and runs every check. Each runs even if one before it
 * failed; the last line counts the Jest tests. Three checks run at a time.
 *
 *     npm test -- --only jest,types
 *     npm test -- --changed
 */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const { whatChanged } = require('./changed');
const { sharePackage } = require('./checks/package');
const { publishedTests } = require('./checks/published');
const dynamodb = require('./dynamodb-local');
const { quietSdks } = require('./quiet');
const { SetupError, program, root, setup } = require('./setup');

const scratch = mkdtempSync(join(tmpdir(), 'dynamo-session-store-test-'));
process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
/** Where Jest writes what became of its tests. */
const reports = {
  jest: join(scratch, 'jest.json'),
  published: join(scratch, 'published.json'),
  examples: join(scratch, 'examples.json'),
};
const tool = (/** @type {string} */ name) => join(root, 'node_modules', '.bin', name);

/** @typedef {{ name: string, command: string, args: string[] }} Step */

/** @type {readonly Step[]} */
const steps = [
  { name: 'rustfmt', command: 'cargo', args: ['fmt', '--check'] },
  {
    name: 'clippy',
    command: 'cargo',
    args: ['clippy', '--quiet', '--locked', '--all-targets', '--', '-D', 'warnings'],
  },
  { name: 'cargo', command: 'cargo', args: ['test', '--quiet', '--locked'] },
  { name: 'crates', command: process.execPath, args: ['scripts/checks/crates.js'] },
  { name: 'layers', command: process.execPath, args: ['scripts/checks/layers.js'] },
  { name: 'engines', command: process.execPath, args: ['scripts/checks/engines.js'] },
  { name: 'tsc', command: process.execPath, args: ['scripts/checks/tsc.js'] },
  { name: 'biome', command: tool('biome'), args: ['ci', '--error-on-warnings'] },
  { name: 'types', command: process.execPath, args: ['scripts/checks/tsd.js'] },
  { name: 'publint', command: tool('publint'), args: ['--strict'] },
  { name: 'attw', command: tool('attw'), args: ['--pack', '.'] },
  {
    name: 'jest',
    command: tool('jest'),
    args: ['--ci', '--json', `--outputFile=${reports.jest}`],
  },
  {
    name: 'published',
    command: process.execPath,
    args: ['scripts/checks/published.js', `--outputFile=${reports.published}`],
  },
  {
    name: 'examples',
    command: process.execPath,
    args: ['scripts/checks/examples.js', `--outputFile=${reports.examples}`],
  },
  { name: 'registry', command: process.execPath, args: ['scripts/checks/registry.js'] },
  { name: 'nodes', command: process.execPath, args: ['scripts/checks/nodes.js'] },
  { name: 'bundlers', command: process.execPath, args: ['scripts/checks/bundlers.js'] },
];

const JEST = 'jest';

/** Checks that run one after the other, beside those of other lanes; all that are not named are one more. */
const LANES = [[JEST], ['rustfmt', 'clippy', 'cargo']];

/**
 * Runs a check, and prints what it says in one piece.
 *
 * @param {Step} step
 */
async function run({ name, command, args }) {
  const started = Date.now();
  // A file, not a pipe: that would stay open as long as a program that the check has left behind.
  const log = join(scratch, `${name}.log`);
  const file = openSync(log, 'w');
  const child = spawn(command, args, {
    cwd: root,
    // Jest prints its JSON to the standard output as well, although a file is given.
    stdio: ['ignore', name === JEST ? 'ignore' : file, file],
    shell: process.platform === 'win32',
  });
  const [code] = await once(child, 'exit').catch((error) => {
    appendFileSync(log, `${command} did not start: ${error.message}\n`);
    return [1];
  });
  closeSync(file);
  const line = `${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`;
  process.stdout.write(`\n── ${line}\n${readFileSync(log, 'utf8')}`);
  return { name, ok: code === 0, line: `${code === 0 ? 'ok    ' : 'FAILED'} ${line}` };
}

/** @param {readonly Step[]} wanted */
function lanesOf(wanted) {
  const named = LANES.flat();
  const others = steps.map(({ name }) => name).filter((name) => !named.includes(name));
  return [...LANES, others].map((lane) => wanted.filter(({ name }) => lane.includes(name)));
}

/**
 * Runs checks one after the other.
 *
 * @param {readonly Step[]} lane
 */
async function runLane(lane) {
  const outcomes = [];
  for (const step of lane) outcomes.push(await run(step));
  return outcomes;
}

/**
 * The counts of the Jest tests of all checks, in the form that CI reads.
 *
 * @param {string[]} files the reports
 */
function jestCounts(files) {
  let [passed, failed, skipped] = [0, 0, 0];
  for (const file of files) {
    if (!existsSync(file)) {
      failed += 1;
      continue;
    }
    const report = JSON.parse(readFileSync(file, 'utf8'));
    passed += report.numPassedTests;
    // A file that cannot even be loaded has no tests to count.
    failed += report.numFailedTests + report.numRuntimeErrorTestSuites;
    skipped += report.numPendingTests + report.numTodoTests;
  }
  return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;
}

/** @param {{ only?: string, changed?: boolean }} options */
function chosen({ only, changed }) {
  if (changed) return chosenByChanges();
  if (only === undefined) return withoutRepeats(steps);
  const names = only.split(',');
  const unknown = names.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length === 0) {
    return withoutRepeats(steps.filter((step) => names.includes(step.name)));
  }
  const known = steps.map(({ name }) => name).join(', ');
  throw new SetupError(`Unknown check "${unknown.join('", "')}". The checks are ${known}.`);
}

/**
 * Leaves out of Jest the tests that another of the checks runs, on the package as it is published.
 *
 * @param {readonly Step[]} wanted
 */
function withoutRepeats(wanted) {
  if (!wanted.some(({ name }) => name === 'published')) return wanted;
  const repeated = ['/node_modules/', ...publishedTests()];
  const args = repeated.map((pattern) => `--testPathIgnorePatterns=${pattern}`);
  return wanted.map((step) =>
    step.name === JEST ? { ...step, args: [...step.args, ...args] } : step,
  );
}

function chosenByChanges() {
  const { checks, tests } = whatChanged();
  const wanted = steps.filter(({ name }) => checks.includes(name));
  return wanted.map((step) =>
    step.name === JEST ? { ...step, args: [...step.args, '--runTestsByPath', ...tests] } : step,
  );
}

const USAGE = `Usage: npm test [-- --only name[,name] | --changed]

  --only     run only the checks that are named: ${steps.map(({ name }) => name).join(', ')}
  --changed  run only the checks that the changes since the main branch can fail (about two minutes)`;

async function main() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      changed: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const wanted = chosen(values);
  setup();
  quietSdks();
  sharePackage();
  const server = await dynamodb.start();
  process.env.DYNAMODB_ENDPOINT = server.endpoint;
  const outcomes = (await Promise.all(lanesOf(wanted).map(runLane))).flat();
  await server.stop();
  console.log(`\n${outcomes.map(({ line }) => line).join('\n')}\n`);
  const written = Object.entries(reports).filter(([name]) =>
    wanted.some((step) => step.name === name),
  );
  if (written.length > 0) console.log(jestCounts(written.map(([, file]) => file)));
  return outcomes.every(({ ok }) => ok) ? 0 : 1;
}

program(main, { help: 'npm test -- --help' });

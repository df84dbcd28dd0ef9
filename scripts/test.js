'use strict';

/**
 * `npm test`: sets up what is missing and runs every check. Each runs even if one before it
 * failed; the last line counts the Jest tests.
 *
 *     npm test -- --only jest,types
 */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { existsSync, mkdtempSync, readFileSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const dynamodb = require('./dynamodb-local');
const { quietSdks } = require('./quiet');
const { SetupError, program, root, setup } = require('./setup');

const scratch = mkdtempSync(join(tmpdir(), 'dynamo-session-store-test-'));
/** Where Jest writes what became of its tests. */
const reports = {
  jest: join(scratch, 'jest.json'),
  published: join(scratch, 'published.json'),
  examples: join(scratch, 'examples.json'),
};
const tool = (/** @type {string} */ name) => join(root, 'node_modules', '.bin', name);

/** @type {ReadonlyArray<{ name: string, command: string, args: string[] }>} */
const steps = [
  { name: 'rustfmt', command: 'cargo', args: ['fmt', '--check'] },
  {
    name: 'clippy',
    command: 'cargo',
    args: ['clippy', '--quiet', '--locked', '--all-targets', '--', '-D', 'warnings'],
  },
  { name: 'cargo', command: 'cargo', args: ['test', '--quiet', '--locked'] },
  { name: 'crates', command: process.execPath, args: ['scripts/checks/crates.js'] },
  { name: 'tsc', command: tool('tsc'), args: ['--project', 'tsconfig.json'] },
  { name: 'biome', command: tool('biome'), args: ['ci', '--error-on-warnings'] },
  { name: 'types', command: tool('tsd'), args: [] },
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
  { name: 'bundlers', command: process.execPath, args: ['scripts/checks/bundlers.js'] },
];

/** @param {(typeof steps)[number]} step */
async function run({ name, command, args }) {
  console.log(`\n── ${name}`);
  const started = Date.now();
  // Jest prints its JSON to the standard output as well, although a file is given.
  const stdout = name === 'jest' ? 'ignore' : 'inherit';
  const child = spawn(command, args, {
    cwd: root,
    stdio: ['ignore', stdout, 'inherit'],
    shell: process.platform === 'win32',
  });
  const [code] = await once(child, 'exit').catch((error) => {
    console.error(`${command} cannot be run: ${error.message}`);
    return [1];
  });
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  return {
    name,
    ok: code === 0,
    line: `${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`,
  };
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

/** @param {string | undefined} only */
function chosen(only) {
  if (only === undefined) return steps;
  const names = only.split(',');
  const unknown = names.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length === 0) return steps.filter((step) => names.includes(step.name));
  const known = steps.map(({ name }) => name).join(', ');
  throw new SetupError(`There is no check "${unknown.join('", "')}"; there are ${known}.`);
}

async function main() {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    const names = steps.map(({ name }) => name).join(', ');
    console.log(`Usage: npm test [-- --only name[,name]]\nThe checks: ${names}`);
    return 0;
  }
  const wanted = chosen(values.only);
  setup();
  quietSdks();
  const server = await dynamodb.start();
  process.env.DYNAMODB_ENDPOINT = server.endpoint;
  const outcomes = [];
  for (const step of wanted) outcomes.push(await run(step));
  await server.stop();
  console.log(`\n${outcomes.map(({ line }) => line).join('\n')}\n`);
  const written = Object.entries(reports).filter(([name]) =>
    wanted.some((step) => step.name === name),
  );
  if (written.length > 0) console.log(jestCounts(written.map(([, file]) => file)));
  rmSync(scratch, { recursive: true });
  return outcomes.every(({ ok }) => ok) ? 0 : 1;
}

program(main, { help: 'npm test -- --help' });

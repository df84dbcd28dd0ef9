'use strict';

/**
 * `npm run chaos`: the stores under faults, checked against a model; see docs/RELIABILITY.md.
 *
 *     npm run chaos -- --minutes 60
 *     npm run chaos -- --seed 1f0c --rounds 3
 */

const { randomBytes } = require('node:crypto');
const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const dynamodb = require('../scripts/dynamodb-local');
const { SetupError, program, setup } = require('../scripts/setup');

/** The options, each with what the help says of it. */
const OPTIONS = /** @type {const} */ ({
  minutes: { type: 'string', default: '1', help: 'how long it runs' },
  rounds: { type: 'string', help: 'how many rounds it runs, however long they take' },
  from: { type: 'string', default: '1', help: 'the number of the first round' },
  seed: { type: 'string', help: "repeats a run's decisions" },
  processes: { type: 'string', default: '2', help: 'how many processes use the stores' },
  threads: { type: 'string', default: '2', help: 'how many worker threads they have' },
  operations: { type: 'string', default: '60', help: 'how many a lane does in a round' },
  weather: { type: 'string', help: 'has the same faults in every round, see faults.js' },
  guarded: { type: 'boolean', help: 'has every round use the options for secrets and users' },
  'drop-every': { type: 'string', default: '0', help: 'has the stores lose each n-th write' },
  help: { type: 'boolean', short: 'h', help: 'prints this' },
});

function readOptions() {
  const { values } = parseArgs({ options: OPTIONS });
  const number = (
    /** @type {'minutes' | 'rounds' | 'from' | 'processes' | 'threads' | 'operations' | 'drop-every'} */ name,
  ) => {
    const value = values[name];
    if (value === undefined) return undefined;
    if (/^\d+(\.\d+)?$/.test(value)) return Number(value);
    throw new SetupError(`--${name} must be a number.`);
  };
  const { WEATHERS } = require('./faults');
  if (values.weather !== undefined && !(values.weather in WEATHERS)) {
    throw new SetupError(`--weather must be one of ${Object.keys(WEATHERS).join(', ')}.`);
  }
  return {
    help: values.help,
    weather: values.weather,
    minutes: Number(number('minutes')),
    rounds: number('rounds'),
    from: Number(number('from')),
    run: {
      seed: values.seed ?? randomBytes(4).toString('hex'),
      processes: number('processes'),
      threads: number('threads'),
      operations: number('operations'),
      guarded: values.guarded,
      dropEvery: number('drop-every'),
    },
  };
}

program(async () => {
  const { help, weather, minutes, rounds, from, run } = readOptions();
  if (help) {
    const lines = Object.entries(OPTIONS).map(
      ([name, each]) => `  --${name.padEnd(11)} ${each.help}`,
    );
    console.log(`Usage: npm run chaos -- [options]\n${lines.join('\n')}`);
    return 0;
  }
  setup();
  // Only now are the dependencies and the addon there.
  const { Chaos } = require('./chaos');
  console.log(`seed ${run.seed}`);
  const data = mkdtempSync(join(tmpdir(), 'dynamo-session-store-chaos-data-'));
  const server = await dynamodb.startOwn(data);
  const say = (/** @type {string} */ line) => console.log(line);
  const chaos = new Chaos({ ...run, dynamodb: server, say, keep: tmpdir() });
  const started = Date.now();
  try {
    await chaos.start();
    let reported = 0;
    const isOver = (/** @type {number} */ round) =>
      rounds === undefined ? Date.now() - started > minutes * 60_000 : round >= from + rounds;
    for (let round = from; !isOver(round); round += 1) {
      await chaos.round(round, weather);
      for (const problem of chaos.problems.slice(reported)) console.error(problem);
      reported = chaos.problems.length;
    }
  } finally {
    await chaos.stop();
    await server.stop();
    rmSync(data, { recursive: true });
  }
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`${JSON.stringify({ seconds, ...chaos.totals }, null, 2)}`);
  console.log(`seed ${run.seed}: ${chaos.problems.length} problems`);
  return chaos.problems.length > 0 ? 1 : 0;
});

'use strict';

/**
 * `npm run bench`: measures every store in a process of its own, several times, the stores in turn
 * within each round, and reports medians.
 *
 *     npm run bench -- --only canned,start --subjects ours,connect-dynamodb --rounds 3
 */

const { mkdirSync, writeFileSync } = require('node:fs');
const { cpus } = require('node:os');
const { dirname, join } = require('node:path');
const { parseArgs } = require('node:util');
const dynamodbLocal = require('../scripts/dynamodb-local');
const { SetupError, program } = require('../scripts/setup');
const { drawChart } = require('./lib/chart');
const { TABLES } = require('./lib/formats');
const { findAddon, prepareDependencies, prepareServer } = require('./lib/prepare');
const { fillMarkdown, toMarkdown, toText } = require('./lib/report');
const { runFloor, startCanned, startRedis } = require('./lib/servers');
const { measureSizes } = require('./lib/size');
const { createTables } = require('./lib/tables');
const { runWorker } = require('./lib/worker');
const { subjects: allSubjects } = require('./subjects');

/** @import { Measurement, Report, Task } from './worker' */
/** @import { Subject } from './lib/calls' */
/** @import { Server } from './lib/servers' */

const MODES = ['canned', 'latency', 'local', 'start', 'memory', 'size'];
const SESSION_BYTES = [1024, 20 * 1024];
const IN_FLIGHT_WITH_LATENCY = [8, 64, 1000];
/** Milliseconds: about what DynamoDB takes. */
const LATENCY = 5;
/** Seconds that are not measured: before the first operation of a process, and before the others. */
const SETTLE = 3;
const WARM_UP = 0.5;
/** How many sessions the calls go round. */
const IDS = 1000;

const HELP = `npm run bench [-- options]

  --only a,b         of ${MODES.join(', ')}; all of them by default
  --subjects a,b     of ${allSubjects.map(({ name }) => name).join(', ')}
  --rounds N         how often each is measured; the median counts (5)
  --seconds N        how long each operation is measured, each time (2)
  --in-flight N      calls at a time (64)
  --quick            one round of half a second, to see that everything works
  --markdown FILE    also as Markdown, between <!-- results --> and <!-- /results --> if FILE has them
  --chart FILE       also as a chart, in SVG`;

/**
 * One measurement of one subject.
 *
 * @typedef {Measurement & { mode: string, subject: string, round: number, sessionBytes: number,
 *   inFlight: number }} Row
 *
 * @typedef {object} Results
 * @property {{ cpu: string, cores: number, platform: string, node: string, date: string }} machine
 * @property {{ rounds: number, seconds: number, inFlight: number, latency: number }} options
 * @property {{ bytes: number, debug: boolean }} addon
 * @property {Row[]} rows
 * @property {{ round: number, sessionBytes: number, opsPerSecond: number, cpu: number | null }[]}
 *   floor
 * @property {{ subject: string, round: number, milliseconds: number }[]} starts
 * @property {{ subject: string, round: number, megabytes: number }[]} memory
 * @property {import('./lib/size').Size[]} sizes
 * @property {{ subject: string, mode: string, reason: string }[]} skipped
 * @property {{ subject: string, mode: string, reason: string }[]} failed
 */

/** Reads the command line, and refuses what it does not know. */
function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: MODES.join() },
      subjects: { type: 'string', default: allSubjects.map(({ name }) => name).join() },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      'in-flight': { type: 'string', default: '64' },
      quick: { type: 'boolean', default: false },
      markdown: { type: 'string' },
      chart: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const names = among(
    '--subjects',
    values.subjects,
    allSubjects.map(({ name }) => name),
  );
  return {
    help: values.help,
    modes: among('--only', values.only, MODES),
    subjects: allSubjects.filter(({ name }) => names.includes(name)),
    rounds: positive('--rounds', values.rounds ?? (values.quick ? '1' : '5')),
    seconds: positive('--seconds', values.seconds ?? (values.quick ? '0.5' : '2')),
    inFlight: positive('--in-flight', values['in-flight']),
    markdown: values.markdown,
    chart: values.chart,
  };
}

/**
 * @param {string} option
 * @param {string} text
 * @param {string[]} known
 */
function among(option, text, known) {
  const names = text.split(',');
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return names;
  throw new SetupError(`${option} has no "${wrong}"; there are: ${known.join(', ')}`);
}

/**
 * @param {string} option
 * @param {string} text
 */
function positive(option, text) {
  const number = Number(text);
  if (number > 0) return number;
  throw new SetupError(`${option} takes a number above 0`);
}

/** Measures, and keeps the results and the servers. */
class Bench {
  /** @param {ReturnType<typeof readOptions>} options */
  constructor(options) {
    const { rounds, seconds, inFlight } = options;
    this.options = options;
    const { bytes, debug } = findAddon();
    /** @type {Results} */
    this.results = {
      machine: machine(),
      options: { rounds, seconds, inFlight, latency: LATENCY },
      addon: { bytes, debug },
      rows: [],
      floor: [],
      starts: [],
      memory: [],
      sizes: [],
      skipped: [],
      failed: [],
    };
    /** @type {Map<string, Promise<Server | undefined>>} */
    this.servers = new Map();
  }

  async run() {
    const { modes } = this.options;
    if (modes.includes('size')) this.results.sizes = measureSizes(this.results.addon);
    try {
      if (modes.includes('canned')) await this.canned();
      if (modes.includes('latency')) await this.latency();
      if (modes.includes('start')) await this.starts();
      if (modes.includes('memory')) await this.memory();
      if (modes.includes('local')) await this.local();
    } finally {
      for (const server of this.servers.values()) await (await server)?.stop();
    }
  }

  async canned() {
    for (const sessionBytes of SESSION_BYTES) {
      await this.rounds('canned', async (subject, round) => {
        await this.measure(subject, { mode: 'canned', round, sessionBytes });
      });
      if (process.platform === 'linux') await this.floor(sessionBytes);
    }
  }

  /** @param {number} sessionBytes */
  async floor(sessionBytes) {
    const { rounds, seconds, inFlight } = this.options;
    const server = await this.server('connect', { sessionBytes });
    for (let round = 1; round <= rounds; round += 1) {
      progress('canned', round, 'floor');
      const { opsPerSecond, cpu } = await runFloor(required(server).endpoint, inFlight, seconds);
      this.results.floor.push({ round, sessionBytes, opsPerSecond, cpu });
    }
  }

  async latency() {
    await this.rounds('latency', async (subject, round) => {
      for (const inFlight of IN_FLIGHT_WITH_LATENCY) {
        await this.measure(subject, { mode: 'latency', round, inFlight, latency: LATENCY });
      }
    });
  }

  async local() {
    const server = await dynamodbLocal.start();
    try {
      await createTables(server.endpoint);
      await this.rounds('local', async (subject, round) => {
        await this.measure(subject, { mode: 'local', round, server });
      });
    } finally {
      await server.stop();
    }
  }

  async starts() {
    await this.rounds('start', async (subject, round) => {
      const server = await this.server(subject.format, {});
      if (!server) return this.skip(subject, 'start', 'there is no redis-server');
      const report = await runWorker(this.task(subject, 'start', { server }));
      if (report.start === undefined) return this.note(subject, 'start', report);
      this.results.starts.push({ subject: subject.name, round, milliseconds: report.start });
    });
  }

  async memory() {
    await this.rounds('memory', async (subject, round) => {
      const server = await this.server(subject.format, {});
      if (!server) return this.skip(subject, 'memory', 'there is no redis-server');
      const report = await runWorker(this.task(subject, 'memory', { server }));
      if (report.memory === undefined) return this.note(subject, 'memory', report);
      this.results.memory.push({ subject: subject.name, round, megabytes: report.memory });
    });
  }

  /**
   * Every subject of a mode once in each round, so that what else the machine does hits all alike.
   *
   * @param {string} mode
   * @param {(subject: Subject, round: number) => Promise<void>} each
   */
  async rounds(mode, each) {
    const { rounds, subjects } = this.options;
    for (let round = 1; round <= rounds; round += 1) {
      for (const subject of subjects) {
        if (!subject.modes.includes(mode) || this.isOut(subject, mode)) continue;
        progress(mode, round, subject.name);
        await each(subject, round);
      }
    }
  }

  /**
   * @param {Subject} subject
   * @param {{ mode: string, round: number, sessionBytes?: number, inFlight?: number,
   *   latency?: number, server?: Server }} how
   */
  async measure(subject, how) {
    const { mode, round, sessionBytes = 1024, inFlight = this.options.inFlight } = how;
    if (this.isOut(subject, mode)) return;
    const { latency } = how;
    const server = how.server ?? (await this.server(subject.format, { sessionBytes, latency }));
    if (!server) return this.skip(subject, mode, 'there is no redis-server');
    const report = await runWorker(
      this.task(subject, 'measure', { server, mode, sessionBytes, inFlight }),
    );
    if (!report.measurements) return this.note(subject, mode, report);
    for (const measurement of report.measurements) {
      this.results.rows.push({
        mode,
        subject: subject.name,
        round,
        sessionBytes,
        inFlight,
        ...measurement,
      });
    }
  }

  /**
   * @param {Subject} subject
   * @param {'measure' | 'start' | 'memory'} kind
   * @param {{ server: Server, mode?: string, sessionBytes?: number, inFlight?: number }} how
   * @returns {Task}
   */
  task(subject, kind, { server, mode, sessionBytes = 1024, inFlight = this.options.inFlight }) {
    const { seconds } = this.options;
    return {
      subject: subject.name,
      kind,
      target: {
        endpoint: server.endpoint,
        table: TABLES[subject.format]?.table ?? '',
        ids: IDS,
        sessionBytes,
      },
      // With latency it is about reading and writing; touch is a write as any other.
      operations: subject.operations.filter((name) => mode !== 'latency' || name !== 'touch'),
      fill: mode === 'local' || (kind === 'measure' && subject.format === 'redis'),
      inFlight,
      seconds,
      settle: Math.min(SETTLE, 3 * seconds),
      warmUp: Math.min(WARM_UP, seconds),
    };
  }

  /**
   * The server for a format, started when it is first needed.
   *
   * @param {string} format
   * @param {{ sessionBytes?: number, latency?: number }} options
   */
  server(format, options) {
    const canned = format === 'none' ? 'connect' : format;
    const key = format === 'redis' ? format : JSON.stringify([canned, options]);
    const known = this.servers.get(key);
    if (known) return known;
    const started = format === 'redis' ? startRedis() : startCanned({ format: canned, ...options });
    this.servers.set(key, started);
    return started;
  }

  /**
   * @param {Subject} subject
   * @param {string} mode
   * @param {Report} report
   */
  note(subject, mode, { failed }) {
    process.stderr.write(`${subject.name} failed (${mode}): ${failed}\n`);
    this.results.failed.push({ subject: subject.name, mode, reason: String(failed) });
  }

  /**
   * @param {Subject} subject
   * @param {string} mode
   * @param {string} reason
   */
  skip(subject, mode, reason) {
    if (this.isOut(subject, mode)) return;
    this.results.skipped.push({ subject: subject.name, mode, reason });
  }

  /**
   * Whether there is no use in trying again.
   *
   * @param {Subject} subject
   * @param {string} mode
   */
  isOut({ name }, mode) {
    return this.results.skipped.some((each) => each.subject === name && each.mode === mode);
  }
}

/**
 * @template T
 * @param {T | undefined} value
 * @returns {T}
 */
function required(value) {
  if (value === undefined) throw new Error('a canned server is always there');
  return value;
}

function machine() {
  const processors = cpus();
  return {
    cpu: processors[0].model.trim(),
    cores: processors.length,
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
  };
}

/**
 * @param {string} mode
 * @param {number} round
 * @param {string} name
 */
function progress(mode, round, name) {
  process.stderr.write(`${mode}, round ${round}: ${name}\n`);
}

/**
 * @param {Results} results
 * @param {ReturnType<typeof readOptions>} options
 */
function report(results, { markdown, chart }) {
  const latest = join(__dirname, 'results', 'latest.json');
  mkdirSync(dirname(latest), { recursive: true });
  writeFileSync(latest, `${JSON.stringify(results, null, 2)}\n`);
  console.log(toText(results));
  if (markdown) fillMarkdown(markdown, toMarkdown(results));
  if (chart) writeFileSync(chart, drawChart(results));
}

program(async () => {
  const options = readOptions();
  if (options.help) return console.log(HELP);
  prepareDependencies();
  prepareServer();
  const bench = new Bench(options);
  await bench.run();
  report(bench.results, options);
  return bench.results.failed.length > 0 ? 1 : 0;
});

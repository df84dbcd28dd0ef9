'use strict';

/** Runs the modes, each in rounds, and keeps their results and the servers. */

const { cpus } = require('node:os');
const dynamodbLocal = require('../../scripts/dynamodb-local');
const { TABLES } = require('./formats');
const { app } = require('./modes/app');
const { cost } = require('./modes/cost');
const { flood } = require('./modes/flood');
const { mixed } = require('./modes/mixed');
const { findAddon } = require('./prepare');
const { progress } = require('./progress');
const { runFloor, startCanned, startRedis } = require('./servers');
const { measureSizes } = require('./size');
const { createTables } = require('./tables');
const { runWorker } = require('./worker');

/** @import { Measurement, MeasureTask, Report } from '../worker' */
/** @import { Subject } from './calls' */
/** @import { Options } from './options' */
/** @import { Server } from './servers' */

const SESSION_BYTES = [1024, 20 * 1024];
const IN_FLIGHT_WITH_LATENCY = [8, 64, 1000];
/** Milliseconds: about what DynamoDB takes. */
const LATENCY = 5;
/** Seconds that are not measured: before the first operation of a process, and before the others. */
const SETTLE = 3;
const WARM_UP = 0.5;
/** How many sessions the calls go round. */
const IDS = 1000;

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
 * @property {import('./modes/mixed').MixedRow[]} mixed
 * @property {import('./modes/flood').FloodRow[]} floods
 * @property {import('./modes/app').AppRow[]} apps
 * @property {import('./modes/cost').CostRow[]} costs
 * @property {{ subject: string, round: number, tls: boolean, milliseconds: number }[]} starts
 * @property {{ subject: string, round: number, megabytes: number }[]} memory
 * @property {import('./size').Size[]} sizes
 * @property {{ subject: string, mode: string, reason: string }[]} skipped
 * @property {{ subject: string, mode: string, reason: string }[]} failed
 */

/** Measures, and keeps the results and the servers. */
class Bench {
  /** @param {Options} options */
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
      mixed: [],
      floods: [],
      apps: [],
      costs: [],
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
      if (modes.includes('mixed')) await mixed(this);
      if (modes.includes('flood')) await flood(this);
      if (modes.includes('cost')) await cost(this);
      if (modes.includes('app')) await app(this);
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
    const { endpoint } = await this.cannedServer('connect', { sessionBytes });
    for (let round = 1; round <= rounds; round += 1) {
      progress(`canned, round ${round}`, 'floor');
      const { opsPerSecond, cpu } = await runFloor(endpoint, inFlight, seconds);
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
    for (const tls of [false, true]) {
      const protocol = tls ? 'HTTPS' : 'HTTP';
      await this.rounds('start', (subject, round) => this.start(subject, { round, tls }), protocol);
    }
  }

  /**
   * @param {Subject} subject
   * @param {{ round: number, tls: boolean }} how
   */
  async start(subject, { round, tls }) {
    // DynamoDB speaks HTTPS; a Redis in the same network rarely does.
    if (tls && subject.format === 'redis') return;
    const server = await this.server(subject.format, { tls });
    if (!server) return this.skip(subject, 'start', 'there is no redis-server');
    const report = await runWorker(this.task(subject, 'start', { server }));
    if (report.start === undefined) return this.note(subject, 'start', report);
    this.results.starts.push({ subject: subject.name, round, tls, milliseconds: report.start });
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
   * @param {string} [detail] what else to say of a round, beside its mode
   */
  async rounds(mode, each, detail) {
    const { rounds } = this.options;
    for (let round = 1; round <= rounds; round += 1) {
      for (const subject of this.subjectsOf(mode)) {
        if (this.isOut(subject, mode)) continue;
        progress(`${detail ? `${mode}, ${detail}` : mode}, round ${round}`, subject.name);
        await each(subject, round);
      }
    }
  }

  /** @param {string} mode */
  subjectsOf(mode) {
    return this.options.subjects.filter((subject) => subject.modes.includes(mode));
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
   * @returns {MeasureTask}
   */
  task(subject, kind, { server, mode, sessionBytes = 1024, inFlight = this.options.inFlight }) {
    const { seconds } = this.options;
    const warmUp = Math.min(WARM_UP, seconds);
    // With latency it is about reading and writing; touch is a write as any other.
    const operations = subject.operations.filter((name) => mode !== 'latency' || name !== 'touch');
    return {
      subject: subject.name,
      kind,
      target: {
        endpoint: server.endpoint,
        table: TABLES[subject.format]?.table ?? '',
        // Making up names of sessions takes its time as well.
        ids: kind === 'start' ? 1 : IDS,
        sessionBytes,
      },
      operations,
      fill: mode === 'local' || (kind === 'measure' && subject.format === 'redis'),
      inFlight,
      seconds,
      settle: this.settle,
      warmUp,
      expected: operations.length * (seconds + warmUp),
    };
  }

  /** Seconds at the begin of a process that are not measured. */
  get settle() {
    return Math.min(SETTLE, 3 * this.options.seconds);
  }

  /**
   * The server for a format; nothing where there is none on this machine.
   *
   * @param {string} format
   * @param {{ sessionBytes?: number, latency?: number, tls?: boolean }} options
   */
  server(format, options) {
    if (format === 'redis') return this.started(format, startRedis);
    return this.cannedServer(format === 'none' ? 'connect' : format, options);
  }

  /**
   * The canned server for a format.
   *
   * @param {string} format
   * @param {{ sessionBytes?: number, latency?: number, tls?: boolean }} options
   */
  cannedServer(format, options) {
    const key = JSON.stringify([format, options]);
    return this.started(key, () => startCanned({ format, ...options }));
  }

  /**
   * A server, started when it is first needed.
   *
   * @template {Server | undefined} T
   * @param {string} key
   * @param {() => Promise<T>} start
   * @returns {Promise<T>}
   */
  started(key, start) {
    const known = this.servers.get(key) ?? start();
    this.servers.set(key, known);
    return /** @type {Promise<T>} */ (known);
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

module.exports = { Bench };

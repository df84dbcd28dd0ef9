'use strict';

const { cpus } = require('node:os');
const dynamodbLocal = require('../../scripts/dynamodb-local');
const { findAddon } = require('./prepare');
const { createTables, startCanned, startRedis } = require('./servers');
const { TABLES } = require('./sessions');

/** @import { Subject } from '../subjects' */
/** @import { CannedOptions, CannedServer, Server } from './servers' */

/** Seconds that are not measured at the begin of a process: a JS SDK is a lot to compile. */
const SETTLE = 3;

/**
 * @typedef {{ modes: Mode[], subjects: Subject[], rounds: number, seconds: number, inFlight: number,
 *   visitors: number[], quick: boolean }} Options
 *
 * @typedef {Record<string, any>} Run the conditions of a measurement, such as the size of sessions
 *
 * @typedef {{ mode: string, subject: string, round: number, [name: string]: any }} Row a measurement:
 *   its conditions and its results
 *
 * @typedef {object} Mode
 * @property {string} name
 * @property {(options: Options) => Run[]} runs
 * @property {boolean} [once] whether further rounds would have the same result
 * @property {Pick<Subject, 'name'>[]} [subjects] by default those that take part in the mode
 * @property {(bench: Bench, subject: Subject, run: Run, round: number) => any} measure returns the
 *   results: an object, or several
 * @property {(rows: Row[], options: Options) => import('../report/tables').Table[]} tables
 *
 * @typedef {{ subject: string, mode: string, reason: string }} Missing
 *
 * @typedef {Pick<Bench, 'machine' | 'addon' | 'rows' | 'skipped' | 'failed'>
 *   & { options: Pick<Options, 'rounds' | 'seconds' | 'inFlight'> }} Results
 */

/** A reason why a subject cannot take part in a mode, on this machine. */
class Skipped extends Error {}

/** Runs the modes, and keeps their results and the servers. */
class Bench {
  /** @type {Map<string, Promise<any>>} */
  #servers = new Map();

  machine = machine();
  addon = findAddon();
  /** @type {Row[]} */
  rows = [];
  /** @type {Missing[]} */
  skipped = [];
  /** @type {Missing[]} */
  failed = [];

  /** @param {Options} options */
  constructor(options) {
    this.options = options;
  }

  /** @returns {Results} */
  get results() {
    const { machine, addon, rows, skipped, failed } = this;
    const { rounds, seconds, inFlight } = this.options;
    return { machine, options: { rounds, seconds, inFlight }, addon, rows, skipped, failed };
  }

  async run() {
    for (const mode of this.options.modes) {
      try {
        for (const run of mode.runs(this.options)) await this.#rounds(mode, run);
      } finally {
        for (const server of this.#servers.values()) await (await server)?.stop();
        this.#servers.clear();
      }
    }
  }

  /**
   * Every subject once in each round, so that whatever else the machine does hits all alike.
   *
   * @param {Mode} mode
   * @param {Run} run
   */
  async #rounds(mode, run) {
    const taking = this.options.subjects.filter(({ modes }) =>
      modes.split(' ').includes(mode.name),
    );
    const subjects = /** @type {Subject[]} */ (mode.subjects ?? taking);
    const conditions = Object.entries(run).map(([name, value]) => `${name} ${text(value)}`);
    for (let round = 1; round <= (mode.once ? 1 : this.options.rounds); round += 1) {
      for (const subject of subjects) {
        const entry = { mode: mode.name, subject: subject.name };
        const isOut = this.skipped.some(
          (each) => each.mode === entry.mode && each.subject === entry.subject,
        );
        if (isOut || (run.framework && run.framework !== subject.framework)) continue;
        const what = [mode.name, ...conditions, `round ${round}`].join(', ');
        process.stderr.write(`${what}: ${subject.name}\n`);
        try {
          const measured = await mode.measure(this, subject, run, round);
          for (const each of [measured].flat()) {
            this.rows.push({ ...entry, round, ...run, ...each });
          }
        } catch (error) {
          const reason = String(/** @type {Error} */ (error).message);
          process.stderr.write(`${subject.name} is left out (${what}): ${reason}\n`);
          const isSkipped = error instanceof Skipped;
          (isSkipped ? this.skipped : this.failed).push({ ...entry, reason });
        }
      }
    }
  }

  /** Seconds at the begin of a process that are not measured. */
  get settle() {
    return Math.min(SETTLE, 3 * this.options.seconds);
  }

  /**
   * The server for a subject, and what its calls are made for.
   *
   * @param {Subject} subject
   * @param {CannedOptions & { ids: number, server?: Server }} how `ids`: how many sessions there are;
   *   `server`: a server that is started already
   */
  async target({ format }, { ids, server, ...options }) {
    const found = server ?? (await this.server(format, options));
    const { table } = TABLES[/** @type {keyof typeof TABLES} */ (format)] ?? { table: '' };
    return { endpoint: found.endpoint, table, ids, sessionBytes: options.sessionBytes ?? 1024 };
  }

  /**
   * The canned server, or Redis, for a format.
   *
   * @param {Subject['format']} format
   * @param {CannedOptions} options
   * @returns {Promise<Server>}
   */
  async server(format, options = {}) {
    if (format !== 'redis') return this.canned(format, options);
    const redis = await this.#started(format, startRedis);
    if (!redis) throw new Skipped('there is no redis-server');
    return redis;
  }

  /**
   * @param {Subject['format']} format
   * @param {CannedOptions} options
   * @returns {Promise<CannedServer>}
   */
  canned(format, options) {
    const known = /** @type {CannedOptions['format']} */ (format === 'none' ? 'connect' : format);
    const key = JSON.stringify([known, options]);
    return this.#started(key, () => startCanned({ format: known, ...options }));
  }

  /**
   * DynamoDB Local with the tables of all formats.
   *
   * @returns {Promise<Server>}
   */
  local() {
    return this.#started('local', async () => {
      const server = await dynamodbLocal.start();
      await createTables(server.endpoint);
      return server;
    });
  }

  /**
   * A server, started when a mode first needs it, and stopped at the end of the mode.
   *
   * @template {Server | undefined} T
   * @param {string} key
   * @param {() => Promise<T>} start
   * @returns {Promise<T>}
   */
  #started(key, start) {
    const known = this.#servers.get(key) ?? start();
    this.#servers.set(key, known);
    return known;
  }
}

/** @param {unknown} value of a condition */
function text(value) {
  return typeof value === 'object' ? JSON.stringify(value) : value;
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

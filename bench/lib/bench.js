'use strict';

const { cpus } = require('node:os');
const dynamodbLocal = require('../../scripts/dynamodb-local');
const { findAddon } = require('./prepare');
const { createTables, startCanned, startRedis } = require('./servers');
const { TABLES } = require('./sessions');

/** @import { CannedOptions, CannedServer, Mode, Options, Results, Run, Server } from '../types' */
/** @import { Subject, Target } from '../types' */

/** A reason why a subject cannot take part in a mode, on this machine. */
class Skipped extends Error {}

/** Runs the modes, and keeps their results and the servers. */
class Bench {
  /** @type {Map<string, Promise<any>>} */
  #servers = new Map();
  #subjects;

  /** @type {Results} */
  results;

  /**
   * @param {readonly Subject[]} subjects
   * @param {Results['options']} options
   */
  constructor(subjects, { rounds, seconds, inFlight }) {
    this.#subjects = subjects;
    const options = { rounds, seconds, inFlight };
    const addon = findAddon();
    this.results = { machine: machine(), options, addon, rows: [], skipped: [], failed: [] };
  }

  /**
   * @param {Mode} mode
   * @param {Options} options
   */
  async run(mode, options) {
    try {
      for (const run of mode.runs(options)) await this.#rounds(mode, run, options);
    } finally {
      for (const server of this.#servers.values()) await (await server)?.stop();
      this.#servers.clear();
    }
  }

  /**
   * Every subject once in each round, so that whatever else the machine does hits all alike.
   *
   * @param {Mode} mode
   * @param {Run} run
   * @param {Options} options
   */
  async #rounds(mode, run, options) {
    const { rows, skipped, failed } = this.results;
    const taking = this.#subjects.filter(({ modes }) => modes.split(' ').includes(mode.name));
    const subjects = /** @type {Subject[]} */ (mode.subjects ?? taking);
    const conditions = Object.entries(run).map(([name, value]) => `${name} ${text(value)}`);
    for (let round = 1; round <= (mode.once ? 1 : options.rounds); round += 1) {
      const what = [mode.name, ...conditions, `round ${round}`].join(', ');
      for (const subject of subjects) {
        const entry = { mode: mode.name, subject: subject.name };
        const isOut = skipped.some(
          (each) => each.mode === mode.name && each.subject === subject.name,
        );
        if (isOut || (run.framework && run.framework !== subject.framework)) continue;
        process.stderr.write(`${what}: ${subject.name}\n`);
        try {
          const measured = await mode.measure(this, subject, run, { ...options, round });
          rows.push(...[measured].flat().map((each) => ({ ...entry, round, ...run, ...each })));
        } catch (error) {
          const reason = String(/** @type {Error} */ (error).message);
          process.stderr.write(`${subject.name} is left out (${what}): ${reason}\n`);
          (error instanceof Skipped ? skipped : failed).push({ ...entry, reason });
        }
      }
    }
  }

  /**
   * The server for a subject, and what its calls are made for.
   *
   * @param {Subject} subject
   * @param {CannedOptions & { ids: number, server?: Server }} how `ids`: how many sessions there are;
   *   `server`: a server that is started already
   * @returns {Promise<Target>}
   */
  async target({ format }, { ids, server, ...options }) {
    const { endpoint } = server ?? (await this.server(format, options));
    const { table } = TABLES[/** @type {keyof typeof TABLES} */ (format)] ?? { table: '' };
    return { endpoint, table, ids, sessionBytes: options.sessionBytes ?? 1024 };
  }

  /**
   * The canned server for a format, or Redis, whose connections cannot be counted.
   *
   * @param {Subject['format']} format
   * @param {CannedOptions} [options]
   * @returns {Promise<CannedServer>}
   */
  async server(format, options = {}) {
    if (format === 'redis') {
      const redis = await this.#started(format, startRedis);
      if (redis) return /** @type {CannedServer} */ (redis);
      throw new Skipped('there is no redis-server');
    }
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

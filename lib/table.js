'use strict';

/** A store's table: the store looks for it, creates it if it is missing, and sets it up. */

const { publish } = require('./channels');
const { resultOf, toError } = require('./errors');
const { warnOfTable } = require('./warning');

/** @import { EventEmitter } from 'node:events' */
/** @import { CreateTableOptions, Failure, NativeStore, TableState, TimeToLiveState } from '../native/binding' */
/** @import { Gate } from './gate' */
/** @import { Tracking } from './tracking' */

const NOT_FOUND = 'ResourceNotFoundException';

/**
 * The steps that prepare a table. If the replaced package has a public method for a step, the step calls this
 * method of the store, because applications override it.
 *
 * @typedef {object} Steps
 * @property {() => unknown} describe waits until the table can be used; rejects with
 *   `ResourceNotFoundException` if the table does not exist
 * @property {() => unknown} create creates the table, and waits until it can be used
 * @property {() => unknown} [setUp] changes the settings of a table that existed before
 */

class Table {
  /** Whether the store creates the table again if it is lost. */
  isRecreated;
  /** The current work on the table, for errors. */
  step = 'waiting for the table';
  #name;
  #readiness;
  #settings;
  #native;
  #events;
  #gate;
  /** @type {Promise<void> | undefined} */
  #preparing;

  /**
   * @param {string} name
   * @param {{ isReady: boolean }} readiness whether calls can be sent without waiting for the table
   * @param {{ createTable?: CreateTableOptions, tableTimeout: number, tracking?: Tracking }} settings
   * @param {() => NativeStore} native the store in the addon
   * @param {EventEmitter} events emits `warning`
   * @param {Gate} gate makes the store's `close` wait for work on the table
   */
  constructor(name, readiness, settings, native, events, gate) {
    this.isRecreated = !readiness.isReady;
    this.#readiness = readiness;
    this.#name = name;
    this.#settings = settings;
    this.#native = native;
    this.#events = events;
    this.#gate = gate;
  }

  /**
   * Looks for the table. If it is missing, creates it; if it exists, sets it up. Simultaneous callers share one
   * run.
   *
   * @param {Steps} steps
   * @returns {Promise<void>}
   */
  prepare(steps) {
    this.isRecreated = true;
    this.#preparing ??= this.#gate.track(this.#prepare(steps)).finally(() => {
      this.#preparing = undefined;
    });
    return this.#preparing;
  }

  /** Publishes that a request has found no table. */
  reportLoss() {
    this.#publish('lost');
  }

  /** @param {'found' | 'created' | 'lost'} state */
  #publish(state) {
    publish('table', () => ({ 'db.collection.name': this.#name, state }));
  }

  /** Whether calls can be sent without waiting for the table. */
  get isReady() {
    return this.#readiness.isReady;
  }

  /** @param {Steps} steps */
  async #prepare({ describe, create, setUp }) {
    this.step = 'looking for the table';
    let isMissing = false;
    try {
      await describe();
    } catch (error) {
      if (!isTableMissing(error)) throw error;
      isMissing = true;
    }
    if (isMissing) {
      this.step = 'creating the table';
      await create();
    } else if (setUp) {
      this.step = 'setting up the table';
      await setUp();
    }
    this.#readiness.isReady = true;
    this.#publish(isMissing ? 'created' : 'found');
  }

  /**
   * Waits until the table can be used.
   *
   * @returns {Promise<TableState>}
   * @throws {SessionStoreError} `ResourceNotFoundException`, `ERR_SESSION_TABLE_KEY`
   */
  async describe() {
    const table = resultOf(await this.#native().describeTable(this.#settings.tableTimeout));
    const { indexFailure } = table;
    if (indexFailure && this.#settings.tracking) this.warnOfIndex(indexFailure);
    return table;
  }

  /**
   * Creates the table, and waits until it can be used. If the table then lacks a setting, emits a `warning`.
   */
  async create() {
    const { createTable, tableTimeout } = this.#settings;
    const creation = resultOf(await this.#native().createTable(tableTimeout));
    const { created, indexFailure, timeToLiveFailure } = creation;
    if (indexFailure) this.warnOfIndex(indexFailure);
    const recovery = createTable?.PointInTimeRecoverySpecification;
    if (created && recovery?.PointInTimeRecoveryEnabled) this.#gate.track(this.#enableRecovery());
    if (timeToLiveFailure) {
      this.warn('was created without time to live', toError(timeToLiveFailure));
    }
  }

  /**
   * Turns on point-in-time recovery. No call waits for it, because DynamoDB refuses it until backups of the new
   * table are set up, which may take a minute.
   */
  async #enableRecovery() {
    try {
      resultOf(await this.#native().enableRecovery(this.#settings.tableTimeout));
    } catch (error) {
      this.warn('has no point-in-time recovery', error);
    }
  }

  /**
   * Sets the capacity units of a provisioned table.
   *
   * @param {number | undefined} read `undefined`: unchanged
   * @param {number | undefined} write `undefined`: unchanged
   * @returns {Promise<boolean>} whether the table had other capacity units before
   */
  async setCapacity(read, write) {
    if (read === undefined && write === undefined) return false;
    return resultOf(await this.#native().setCapacity(read, write, this.#settings.tableTimeout));
  }

  /** @returns {Promise<TimeToLiveState>} */
  async timeToLive() {
    return resultOf(await this.#native().timeToLive(this.#settings.tableTimeout));
  }

  /**
   * Reads the table's time to live, and returns its attribute and the change that is still needed.
   *
   * @param {string} attribute the attribute that the store writes the end of sessions to
   * @param {boolean} isWanted whether the time to live should be on
   */
  async planTimeToLive(attribute, isWanted) {
    const { tableTimeout } = this.#settings;
    return resultOf(await this.#native().planTimeToLive(attribute, isWanted, tableTimeout));
  }

  /**
   * Turns the time to live on or off.
   *
   * @param {string} attribute
   * @param {boolean} isOn
   */
  async setTimeToLive(attribute, isOn) {
    const { tableTimeout } = this.#settings;
    resultOf(await this.#native().setTimeToLive(attribute, isOn, tableTimeout));
  }

  /**
   * Emits a `warning`: an index of the store is missing, or is another one.
   *
   * @param {Failure} failure
   */
  warnOfIndex(failure) {
    const lack = this.#settings.tracking
      ? 'lacks an index of the option "indexes", which ensureIndexes() adds'
      : 'cannot be searched by shop';
    this.warn(lack, toError(failure));
  }

  /**
   * Emits a `warning`: the table lacks a setting that the store does not depend on.
   *
   * @param {string} lack the predicate of the message, after the table's name
   * @param {unknown} cause
   */
  warn(lack, cause) {
    warnOfTable(this.#events, this.#name, lack, cause);
  }
}

/**
 * Whether an error means that the table does not exist. If an application overrides a step, its error may come
 * from an AWS SDK.
 *
 * @param {any} error
 */
function isTableMissing(error) {
  return error?.name === NOT_FOUND || error?.code === NOT_FOUND;
}

module.exports = { Table, isTableMissing };

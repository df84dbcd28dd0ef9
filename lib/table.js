'use strict';

/** The life of a store's table: it is looked for, created if it is missing, and set up. */

const { settle, toError } = require('./errors');
const { warnOfTable } = require('./warning');

/** @import { EventEmitter } from 'node:events' */
/** @import { CreateTableOptions, NativeStore, TableState, TimeToLiveState } from '../native/binding' */
/** @import { Gate } from './gate' */

const NOT_FOUND = 'ResourceNotFoundException';

/**
 * How a store makes its table. Each is a public method of the store, as far as the replaced package has
 * one: applications override these.
 *
 * @typedef {object} Steps
 * @property {() => unknown} describe waits until the table can be used; rejects with
 *   `ResourceNotFoundException` if there is none
 * @property {() => unknown} create creates the table, and waits until it can be used
 * @property {() => unknown} [setUp] changes the settings of a table that was found
 */

class Table {
  /** Whether calls need not wait for the table. */
  isReady;
  /** Whether the store makes the table again if it is lost. */
  isMade;
  /** The work in progress, for errors. */
  step = 'waiting for the table';
  #name;
  #isAwaited;
  #settings;
  #native;
  #events;
  #gate;
  /** @type {Promise<void> | undefined} */
  #preparing;

  /**
   * @param {string} name
   * @param {boolean} isAwaited whether calls wait until the table was looked for, and created if it is missing
   * @param {{ createTable?: CreateTableOptions, tableTimeout: number }} settings
   * @param {() => NativeStore} native the store in the addon
   * @param {EventEmitter} events emits `warning`
   * @param {Gate} gate has the store's `close` wait for work on the table
   */
  constructor(name, isAwaited, settings, native, events, gate) {
    this.isReady = !isAwaited;
    this.isMade = isAwaited;
    this.#isAwaited = isAwaited;
    this.#name = name;
    this.#settings = settings;
    this.#native = native;
    this.#events = events;
    this.#gate = gate;
  }

  /**
   * Looks for the table, creates it if it is missing, and sets it up if it exists: once for all callers at
   * a time.
   *
   * @param {Steps} steps
   * @returns {Promise<void>}
   */
  prepare(steps) {
    this.isMade = true;
    this.#preparing ??= this.#gate.holding(this.#prepare(steps)).finally(() => {
      this.#preparing = undefined;
    });
    return this.#preparing;
  }

  /** The table is lost: calls wait again, if they did in the beginning. */
  lose() {
    if (this.#isAwaited) this.isReady = false;
  }

  /** @param {Steps} steps */
  async #prepare({ describe, create, setUp }) {
    this.step = 'looking for the table';
    let isMissing = false;
    try {
      await describe();
    } catch (error) {
      if (!meansMissing(error)) throw error;
      isMissing = true;
    }
    if (isMissing) {
      this.step = 'creating the table';
      await create();
    } else if (setUp) {
      this.step = 'setting up the table';
      await setUp();
    }
    this.isReady = true;
  }

  /**
   * Waits until the table can be used.
   *
   * @returns {Promise<TableState>}
   * @throws {SessionStoreError} `ResourceNotFoundException`, `ERR_SESSION_TABLE_KEY`
   */
  async describe() {
    return settle(await this.#native().describeTable(this.#settings.tableTimeout));
  }

  /**
   * Creates the table, and waits until it can be used. If it then lacks a setting, that is a warning.
   *
   * @returns {Promise<boolean>} `false` if another process was faster
   */
  async create() {
    const { createTable, tableTimeout } = this.#settings;
    const creation = settle(await this.#native().createTable(tableTimeout));
    const { created, indexFailure, timeToLiveFailure } = creation;
    if (created && createTable) {
      require('./creation').enableRecovery(this.#settings, this.#native, this, this.#gate);
    }
    if (indexFailure) this.warn('cannot be searched by shop', toError(indexFailure));
    if (timeToLiveFailure) {
      this.warn('was created without time to live', toError(timeToLiveFailure));
    }
    return created;
  }

  /**
   * Gives a provisioned table these capacity units, unless it has them.
   *
   * @param {number | undefined} read `undefined`: as they are
   * @param {number | undefined} write
   * @returns {Promise<boolean>} whether the table had others
   */
  async setCapacity(read, write) {
    if (read === undefined && write === undefined) return false;
    return settle(await this.#native().setCapacity(read, write, this.#settings.tableTimeout));
  }

  /** @returns {Promise<TimeToLiveState>} */
  async timeToLive() {
    return settle(await this.#native().timeToLive(this.#settings.tableTimeout));
  }

  /**
   * Finds out which attribute the table has its time to live on, and whether it is to be changed.
   *
   * @param {string} attribute the one that is wanted
   * @param {boolean} isWanted
   */
  async planTimeToLive(attribute, isWanted) {
    const { tableTimeout } = this.#settings;
    return settle(await this.#native().planTimeToLive(attribute, isWanted, tableTimeout));
  }

  /**
   * Turns the time to live on or off.
   *
   * @param {string} attribute
   * @param {boolean} isOn
   */
  async setTimeToLive(attribute, isOn) {
    const { tableTimeout } = this.#settings;
    settle(await this.#native().setTimeToLive(attribute, isOn, tableTimeout));
  }

  /**
   * Emits a `warning`: the table lacks a setting that the store can do without.
   *
   * @param {string} lack follows the table's name
   * @param {unknown} cause
   */
  warn(lack, cause) {
    warnOfTable(this.#events, this.#name, lack, cause);
  }
}

/**
 * Whether an error means that there is no table. A method that an application overrides may give an error of
 * an AWS SDK.
 *
 * @param {any} error
 */
function meansMissing(error) {
  return error?.name === NOT_FOUND || error?.code === NOT_FOUND;
}

module.exports = { Table, meansMissing };

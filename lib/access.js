'use strict';

/** The way of a store's calls into the addon: each waits until the table and the encryption keys can be used. */

const { resultOf } = require('./errors');

/** @import { EventEmitter } from 'node:events' */
/** @import { NativeStore } from '../native/binding' */
/** @import { Gate } from './gate' */
/** @import { Keys } from './keys' */
/** @import { Table } from './table' */

class Access {
  /** The encryption keys, if a function gives them. @type {Keys | undefined} */
  #keys;
  #table;
  #gate;
  #prefix;
  #prepare;

  /**
   * @param {Table} table
   * @param {Gate} gate
   * @param {string} prefix the prefix of the items' keys
   * @param {(isLost?: boolean) => unknown} prepare looks for the table, and creates it if it is missing
   */
  constructor(table, gate, prefix, prepare) {
    this.#table = table;
    this.#gate = gate;
    this.#prefix = prefix;
    this.#prepare = prepare;
  }

  /**
   * Uses the encryption keys of the options.
   *
   * @param {import('./store.options').Settings} settings
   * @param {() => NativeStore} native the store in the addon
   * @param {EventEmitter} events emits `warning`
   */
  useKeys({ codecs, operationTimeout }, native, events) {
    // The addon has its own copies.
    for (const key of codecs?.native?.encryption?.keys ?? []) key.fill(0);
    if (!codecs?.source) return;
    const { Keys } = require('./keys');
    const use = (/** @type {Buffer[]} */ keys) => resultOf(native().setKeys(keys));
    this.#keys = new Keys(codecs.source, operationTimeout, use, events);
  }

  /** The work that calls wait for, for errors; `undefined` if they wait for the table. */
  get step() {
    return this.#keys?.isReady === false ? 'asking for the encryption keys' : undefined;
  }

  /**
   * Makes a call into the addon. The time that the call waits counts towards its limit.
   *
   * @template T
   * @param {string | undefined} sid the session's id, if the call is about one session
   * @param {number} limit milliseconds
   * @param {(limit: number) => Promise<T>} call
   * @param {() => unknown} [check] runs before the call. Later calls on the session wait for it
   * @returns {Promise<T>}
   */
  call(sid, limit, call, check) {
    const table = this.#table;
    // Runs later, maybe after `close()`: only new calls are refused.
    let ready = table.isReady ? undefined : () => table.isReady || this.#prepare();
    if (check) ready = () => this.#prepareAndCheck(check);
    const key = sid === undefined ? undefined : this.#prefix + sid;
    if (this.#keys && !this.#gate.isClosed) {
      return this.#callWithKeys(this.#keys, key, ready, limit, call);
    }
    return this.#gate.pass(key, ready, limit, call);
  }

  /**
   * Makes a call of work that has begun: the table was ready then. If the call finds a session whose key is unknown, it
   * is made once more with newer keys.
   *
   * @template T
   * @param {number} limit milliseconds
   * @param {(limit: number) => Promise<T>} call
   * @returns {Promise<T>}
   */
  goOn(limit, call) {
    return this.#keys ? this.#keys.retry(limit, call) : call(limit);
  }

  /** The addon calls this if a request finds no table. Returns whether the table exists afterwards. */
  async restoreTable() {
    this.#table.reportLoss();
    if (!this.#table.isRecreated) return false;
    await this.#prepare(true);
    return true;
  }

  /** @param {() => unknown} check */
  async #prepareAndCheck(check) {
    if (!this.#table.isReady) await this.#prepare();
    await check();
  }

  /**
   * Makes a call once table and encryption keys are ready.
   *
   * @template T
   * @param {Keys} keys
   * @param {string | undefined} key
   * @param {(() => unknown) | undefined} tableReady
   * @param {number} limit milliseconds
   * @param {(limit: number) => Promise<T>} call
   * @returns {Promise<T>}
   */
  #callWithKeys(keys, key, tableReady, limit, call) {
    const ready = async () => {
      await keys.wait();
      await tableReady?.();
    };
    const isReady = keys.isReady && !tableReady;
    return keys.retry(limit, (left) =>
      this.#gate.pass(key, isReady ? undefined : ready, left, call),
    );
  }
}

module.exports = { Access };

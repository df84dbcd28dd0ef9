'use strict';

/** The context of a command: its flags, its streams, and the stores that it opens. */

const { EventEmitter, setMaxListeners } = require('node:events');
const { storeOptions } = require('./store-options');

/** @import { Opened } from '../lib/command' */
/** @import { Output } from './output' */

class Context {
  flags;
  output;
  stdin;
  env;
  /** Aborted when the user stops the command. */
  signal;
  /** @type {Opened[]} */
  #opened = [];

  /**
   * @param {object} parts
   * @param {Record<string, any>} parts.flags
   * @param {Output} parts.output
   * @param {NodeJS.ReadableStream & { isTTY?: boolean }} parts.stdin
   * @param {NodeJS.ProcessEnv} parts.env
   * @param {AbortSignal} parts.signal
   */
  constructor({ flags, output, stdin, env, signal }) {
    this.flags = flags;
    this.output = output;
    this.stdin = stdin;
    this.env = env;
    this.signal = signal;
    // Each session in flight may listen to it.
    setMaxListeners(0, signal);
  }

  /**
   * Opens the store that the flags describe.
   *
   * @param {object} [how]
   * @param {Record<string, any>} [how.flags] default: those of the command
   * @param {boolean} [how.withMarks] whether sessions are read with their beginning, also without the options for it
   * @param {'error' | 'overwrite'} [how.conflict] for saves of a session that was read
   * @param {NodeJS.ProcessEnv} [how.env] default: that of the command
   * @param {(kind: Opened['kind'], options: Record<string, any>) => Record<string, any>} [how.overrides] options that
   *   are set whatever the flags say
   * @returns {Promise<Opened>}
   */
  async open(how = {}) {
    const { flags = this.flags, env = this.env, withMarks = false, conflict } = how;
    const { kind, options, followsTimeToLive } = await storeOptions(flags, env);
    const marks = withMarks && kind !== 'shopify' && !options.absoluteTtl && !options.indexes;
    const all = { ...options, ...(marks && { indexes: {} }), ...how.overrides?.(kind, options) };
    const own = { ...(conflict && { conflict }) };
    const opened = { ...this.#open(kind, all, own), ...this.#openParts(kind, all) };
    return followsTimeToLive ? this.#followed(opened) : opened;
  }

  /**
   * Lets a store for Koa use the attribute of the table's time to live, as it does with `autoCreate`.
   *
   * @param {Opened} opened
   * @returns {Promise<Opened>}
   */
  async #followed(opened) {
    const { expires, sessions } = opened;
    try {
      const { attribute } = await sessions.table.planTimeToLive(String(expires), true);
      sessions.writeExpiresTo(attribute);
      return { ...opened, expires: attribute };
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      this.output.warn(`the time to live of the table cannot be read: ${message}`);
      return opened;
    }
  }

  /**
   * For a store with hashed ids: opens its table as stores that find a session under one key only.
   *
   * @param {Opened['kind']} kind
   * @param {Record<string, any>} options
   * @returns {Pick<Opened, 'plain' | 'readers'>}
   */
  #openParts(kind, { hashIds, ...options }) {
    if (!hashIds) return {};
    const { migrate = false, secret, write = true } = hashIds;
    const plain = this.#open(kind, options, {});
    const hashed = [secret]
      .flat()
      .map((each) => this.#open(kind, { ...options, hashIds: { secret: each } }, {}));
    return { plain, readers: write && !migrate ? hashed : [...hashed, plain] };
  }

  /**
   * @param {Opened['kind']} kind
   * @param {Record<string, any>} options
   * @param {{ conflict?: 'error' | 'overwrite' }} own
   */
  #open(kind, options, own) {
    const events = new EventEmitter();
    events.on('warning', (warning) => this.output.warn(warning.message));
    // Loaded here: without the addon, `doctor` and `--help` still work.
    const { open } = require('../lib/command');
    const opened = open(kind, options, events, own);
    this.#opened.push(opened);
    return opened;
  }

  /** Closes the stores. */
  async close() {
    await Promise.allSettled(this.#opened.map(({ sessions }) => sessions.close()));
  }
}

module.exports = { Context };

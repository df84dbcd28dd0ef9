'use strict';

/** The context of a command: its flags, its streams, and the stores that it opens. */

const { EventEmitter, setMaxListeners } = require('node:events');
const { storeOptions } = require('./store-options');
const { Unreadable } = require('./unreadable');

/** @import { Opened } from '../lib/command' */
/** @import { Output } from './output' */

class Context {
  flags;
  output;
  stdin;
  env;
  /** Aborted when the user stops the command. */
  signal;
  /** The sessions that the command leaves out, because they cannot be decoded. */
  unreadable;
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
    this.unreadable = new Unreadable(output);
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
   * @param {string[]} [how.keepsExcept] such saves keep all attributes that the options do not know, except these
   * @param {NodeJS.ProcessEnv} [how.env] default: that of the command
   * @param {(kind: Opened['kind'], options: Record<string, any>) => Record<string, any>} [how.overrides] options that
   *   are set whatever the flags say
   * @returns {Promise<Opened>}
   */
  async open(how = {}) {
    const { flags = this.flags, env = this.env, withMarks = false, conflict, keepsExcept } = how;
    const { kind, options: given, followsTimeToLive } = await storeOptions(flags, env);
    const options = withoutLimits(given);
    const marks = withMarks && kind !== 'shopify' && !options.absoluteTtl && !options.indexes;
    const all = { ...options, ...(marks && { indexes: {} }), ...how.overrides?.(kind, options) };
    const own = { ...(conflict && { conflict }), ...(keepsExcept && { keepsExcept }) };
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
   * @param {{ conflict?: 'error' | 'overwrite', keepsExcept?: string[] }} own
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

/**
 * The options of a store without the limits of its indexes. The command begins no session, so its writes neither end
 * other sessions nor are refused.
 *
 * @param {Record<string, any>} options
 */
function withoutLimits(options) {
  const { indexes } = options;
  if (typeof indexes !== 'object' || indexes === null) return options;
  const unlimited = Object.entries(indexes).map(([name, index]) => {
    if (typeof index !== 'object' || index === null) return [name, index];
    const { max: _max, over: _over, ...rest } = index;
    return [name, rest];
  });
  return { ...options, indexes: Object.fromEntries(unlimited) };
}

module.exports = { Context };

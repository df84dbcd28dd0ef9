'use strict';

/** The sessions that a command leaves out, because they cannot be decoded: their key is lost, or their bytes are wrong. */

const { EXIT, describe } = require('./failure');
const { things } = require('./text');

/** @import { Output } from './output' */

/** The sessions that are reported one by one. */
const REPORTED = 20;

const CODES = new Set(['ERR_SESSION_DECODE', 'ERR_SESSION_DECRYPT']);

/**
 * Whether an error is that of one session, and says nothing about the others.
 *
 * @param {unknown} error
 */
function isOfUnreadable(error) {
  return CODES.has(String(/** @type {NodeJS.ErrnoException} */ (error).code));
}

class Unreadable {
  #output;
  count = 0;

  /** @param {Output} output */
  constructor(output) {
    this.#output = output;
  }

  /**
   * Counts a session, and reports it.
   *
   * @param {{ handle: string }} session
   * @param {unknown} error
   */
  add({ handle }, error) {
    this.count += 1;
    if (this.count > REPORTED) return;
    const lines = describe(error, false).split('\n');
    // The advice once.
    const text = this.count === 1 ? lines.join('\n') : lines[0];
    this.#output.note(`Session ${handle} cannot be read: ${text}`);
  }

  /**
   * Reports the number of the sessions. A command without them has not done all that it was asked to do.
   *
   * @param {number} code the exit code of the command
   * @returns {number} its exit code
   */
  end(code) {
    if (this.count === 0) return code;
    this.#output.note(`Left out, because they cannot be read: ${things(this.count, 'session')}.`);
    return code === EXIT.done || code === EXIT.nothing ? EXIT.failed : code;
  }
}

module.exports = { Unreadable, isOfUnreadable };

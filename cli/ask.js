'use strict';

/** Asks the user before a command changes things that the user has not named. */

const { createInterface } = require('node:readline/promises');
const { Interrupted, UsageError } = require('./failure');
const { visible } = require('./text');

/** @import { Context } from './context' */

/**
 * Asks a question on a terminal. Elsewhere, the option `--yes` is needed.
 *
 * @param {Context} context
 * @param {string} question
 * @throws {Interrupted} if the answer is no
 */
async function confirm({ flags, output, stdin, signal }, question) {
  if (flags.yes) return;
  const { stderr } = output;
  if (!stdin.isTTY || !stderr.isTTY) {
    throw new UsageError(`${question} There is no terminal to ask on: add --yes.`);
  }
  const asking = createInterface({ input: stdin, output: stderr });
  try {
    const closed = new AbortController();
    asking.once('SIGINT', () => closed.abort());
    const either = AbortSignal.any([signal, closed.signal]);
    const text = `${visible(question)} ${output.paintNote.dim('[y/N]')} `;
    const answer = await asking.question(text, { signal: either }).catch(() => '');
    if (closed.signal.aborted || signal.aborted) output.note('');
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    asking.close();
  }
  throw new Interrupted('Nothing was changed.');
}

module.exports = { confirm };

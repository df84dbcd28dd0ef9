'use strict';

/** The flags and the resume file of commands that go through the whole table. */

const { randomBytes } = require('node:crypto');
const { existsSync, readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const { UsageError } = require('./failure');
const { positive, whole } = require('./flags');

/** @import { Command } from 'commander' */
/** @import { Context } from './context' */

/** The milliseconds between two writes of a resume file. */
const PAUSE = 1000;

/** @param {Command} command */
function addSweepFlags(command) {
  command.option(
    '--capacity-per-second <units>',
    'use at most this many capacity units a second',
    positive,
  );
  command.option('--segments <count>', 'read the table in this many parts at a time', whole);
  addShopFlag(command);
}

/** @param {Command} command */
function addShopFlag(command) {
  command.option(
    '--shop <domain>',
    'only the sessions of this shop; may be repeated (shopify)',
    more,
  );
}

/** @param {string} text @param {string[]} [before] */
function more(text, before = []) {
  return [...before, text];
}

/** @param {Command} command */
function addResumeFlag(command) {
  command.option('--resume-file <file>', 'keep the progress here, and go on from it');
}

/**
 * The options of a command that reads sessions.
 *
 * @param {Context} context
 */
function sweepOptions(context) {
  const { unreadable } = context;
  return { ...scanOptions(context), onUnreadable: unreadable.add.bind(unreadable) };
}

/** @param {Pick<Context, 'flags' | 'signal'>} context */
function scanOptions({ flags, signal }) {
  const { capacityPerSecond, segments, shop } = flags;
  return {
    signal,
    ...(segments && { segments }),
    ...(capacityPerSecond && { capacityPerSecond }),
    ...(shop && { shops: shop }),
  };
}

/** The file in which the progress is kept, so that a command can go on after it was stopped. */
class ResumeFile {
  #file;
  #about;
  #last = 0;
  /** The progress that was kept. @type {any} */
  resume;
  /** Counts of the earlier run. @type {Record<string, number>} */
  counts = {};

  /**
   * @param {string | undefined} file
   * @param {Record<string, string>} about the tables and the command. They must be the same when the command goes on
   */
  constructor(file, about) {
    this.#file = file;
    this.#about = about;
    if (file === undefined || !existsSync(file)) return;
    const kept = readKept(file);
    for (const [name, value] of Object.entries(about)) {
      if (kept[name] === value) continue;
      throw new UsageError(
        `The file ${file} is about another ${name}: delete it, or name another file.`,
      );
    }
    this.resume = kept.resume;
    this.counts = kept.counts ?? {};
  }

  /**
   * @param {() => string | undefined} tokenOf
   * @param {Record<string, number>} counts
   * @param {{ now?: boolean }} [options] `now`: also shortly after the last time
   */
  keep(tokenOf, counts, { now = false } = {}) {
    if (this.#file === undefined || (!now && Date.now() - this.#last < PAUSE)) return;
    this.#last = Date.now();
    const resume = tokenOf();
    if (resume === undefined) return;
    // A position in the table is the key of an item, and with it the id of a session.
    const text = `${JSON.stringify({ ...this.#about, resume, counts })}\n`;
    // A random name and `wx`: the command never writes to an existing file, nor through a link.
    const beside = `${this.#file}.${randomBytes(8).toString('hex')}.tmp`;
    try {
      writeFileSync(beside, text, { flag: 'wx', mode: 0o600 });
      renameSync(beside, this.#file);
    } catch (error) {
      rmSync(beside, { force: true });
      throw error;
    }
  }

  /** Deletes the file, once all is done. */
  remove() {
    if (this.#file !== undefined) rmSync(this.#file, { force: true });
  }

  /** The sentence that says how to go on. */
  get advice() {
    if (this.#file === undefined) {
      return 'With --resume-file, the command can go on where it was stopped.';
    }
    // Before the first page is done, there is no position to go on from.
    return !existsSync(this.#file)
      ? 'Run the command again: it begins anew.'
      : `Run the command again with --resume-file ${this.#file} to go on.`;
  }
}

/** @param {string} file */
function readKept(file) {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof kept === 'object' && kept !== null) return kept;
  } catch {
    // The same error as for another content.
  }
  throw new UsageError(`The file ${file} is no resume file of this command.`);
}

module.exports = {
  ResumeFile,
  addResumeFlag,
  addShopFlag,
  addSweepFlags,
  scanOptions,
  sweepOptions,
};

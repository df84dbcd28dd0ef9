'use strict';

/** `import`: sessions from JSON lines. */

const { createReadStream } = require('node:fs');
const { open } = require('node:fs/promises');
const { createInterface } = require('node:readline');
const { confirm } = require('../ask');
const { EXIT, throwIfStopped } = require('../failure');
const { each } = require('../pool');
const { Progress } = require('../progress');
const { create, existing, put, reasonOf } = require('../write');
const { things } = require('../text');
const { requireEnds } = require('../time-to-live');

/** @import { Context } from '../context' */
/** @import { Kind } from '../../lib/kinds' */

/**
 * The reasons why a framework could not use a session.
 *
 * @type {Record<Kind, (session: Record<string, any>, sid: string) => string | undefined>}
 */
const LACKS = {
  express: ({ cookie }) =>
    typeof cookie === 'object' && cookie !== null
      ? undefined
      : '"session" must have an object "cookie": express-session needs it.',
  koa: () => undefined,
  shopify: ({ id, shop }, sid) => {
    if (typeof shop !== 'string' || shop === '') return '"session" must have a text "shop".';
    return id === sid ? undefined : '"session" must have the "id" that is also "sid".';
  },
};

/** The wrong lines that are reported one by one. */
const REPORTED = 20;

/** @type {import('../run').Definition} */
module.exports = {
  name: 'import <file>',
  summary: 'write sessions from JSON lines',
  description:
    'Writes the sessions of an export to the table. "-" reads stdin. Each line is a JSON object: "sid", "session" and\n' +
    '"expires" (ISO text, or not set), and maybe "createdAt". Ended sessions are left out.',
  define(command) {
    command.option('--overwrite', 'replace sessions that the table has');
    command.option('--dry-run', 'only check the lines, and count what would be written');
    command.option('--yes', 'do not ask');
  },
  async run(context, /** @type {string} */ file) {
    const { flags, output, signal } = context;
    const opened = await context.open();
    await requireEnds(opened, output);
    if (flags.overwrite && !flags.dryRun) {
      await confirm(context, `Replace sessions in table "${opened.table}" by those of the file?`);
    }
    const counts = { written: 0, existing: 0, ended: 0, wrong: 0 };
    const wrong = (/** @type {number} */ line, /** @type {string} */ reason) => {
      counts.wrong += 1;
      if (counts.wrong <= REPORTED) output.note(`Line ${line}: ${reason}`);
    };
    const progress = new Progress(output, 'Lines');
    const sids = new Sids();
    let lines = 0;
    try {
      await each(linesOf(context, file), signal, async ({ number, text }) => {
        lines += 1;
        progress.update(lines);
        const record = read(text, opened.kind);
        if (typeof record === 'string') return wrong(number, record);
        if (record.expires !== undefined && record.expires <= Date.now()) {
          counts.ended += 1;
          return;
        }
        try {
          const isWritten = await (flags.overwrite
            ? write(opened, record, flags)
            : sids.once(record.sid, () => write(opened, record, flags)));
          counts[isWritten ? 'written' : 'existing'] += 1;
        } catch (error) {
          wrong(number, refusalOf(error));
        }
      });
    } finally {
      progress.stop();
    }
    if (counts.wrong > REPORTED) {
      output.note(`${things(counts.wrong - REPORTED, 'more wrong line')}.`);
    }
    await output.result({ ...counts, ...(flags.dryRun && { dryRun: true }) }, () =>
      textOf(counts, flags.dryRun === true),
    );
    throwIfStopped(
      signal,
      'Run the command again: sessions that were written already are left as they are.',
    );
    return counts.wrong > 0 ? EXIT.failed : EXIT.done;
  },
};

/** The ids of the file. A second line about an id that the table has from the first is not written. */
class Sids {
  #done = new Set();
  /** @type {Map<string, Promise<unknown>>} */
  #running = new Map();

  /**
   * @param {string} sid
   * @param {() => Promise<boolean>} work
   * @returns {Promise<boolean>} the result of `work`; `false` if it is done for this id already
   */
  async once(sid, work) {
    for (let other = this.#running.get(sid); other; other = this.#running.get(sid)) {
      await other.catch(() => {});
    }
    if (this.#done.has(sid)) return false;
    const running = work();
    this.#running.set(sid, running);
    try {
      const result = await running;
      this.#done.add(sid);
      return result;
    } finally {
      this.#running.delete(sid);
    }
  }
}

/**
 * Returns the reason why the store or DynamoDB refuses a session.
 *
 * @param {unknown} error
 * @throws any other error
 */
function refusalOf(error) {
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  // Such as an id that is too long for a key.
  return code === 'ValidationException' ? `${message} [${code}]` : reasonOf(error);
}

/**
 * Writes a session. Without `overwrite`, a session that the table has stays.
 *
 * @param {import('../../lib/command').Opened} opened
 * @param {import('../write').SessionToWrite} record
 * @param {Record<string, any>} flags
 * @returns {Promise<boolean>} whether it was written; with `dryRun`: whether it would be
 */
async function write(opened, record, { dryRun, overwrite }) {
  if (dryRun) return overwrite || (await existing(opened, record.sid)) === undefined;
  if (!overwrite) return create(opened, record);
  await put(opened, record);
  return true;
}

/**
 * @param {{ written: number, existing: number, ended: number, wrong: number }} counts
 * @param {boolean} isDryRun
 */
function textOf({ written, existing, ended, wrong }, isDryRun) {
  return [
    `${isDryRun ? 'Would write' : 'Wrote'} ${things(written, 'session')}.`,
    ...(existing > 0 ? [`Left ${things(existing, 'session')} that the table has.`] : []),
    ...(ended > 0 ? [`Left out ${things(ended, 'ended session')}.`] : []),
    ...(wrong > 0 ? [`${things(wrong, 'line')} wrong.`] : []),
  ];
}

/**
 * @param {Context} context
 * @param {string} file
 * @returns {AsyncGenerator<{ number: number, text: string }>}
 */
async function* linesOf({ stdin }, file) {
  const input = file === '-' ? stdin : await readable(file);
  let number = 0;
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    // A byte order mark at the beginning.
    const line = number === 1 ? text.replace(/^\ufeff/, '') : text;
    if (line.trim() !== '') yield { number, text: line };
  }
}

/** Opens a file, so that an error is thrown here. @param {string} file */
async function readable(file) {
  const handle = await open(file);
  return createReadStream(file, { fd: handle });
}

/**
 * Reads a line.
 *
 * @param {string} text
 * @param {Kind} kind of the store
 * @returns {import('../write').SessionToWrite | string} the reason why the line is wrong
 */
function read(text, kind) {
  let record;
  try {
    record = JSON.parse(text);
  } catch {
    // Without the parser's message, which quotes the line.
    return 'it is no JSON.';
  }
  if (typeof record !== 'object' || record === null) return 'it is no JSON object.';
  const { sid, session, expires, createdAt, hashedId } = record;
  if (hashedId !== undefined) return 'the id of a session under a hashed id is not known.';
  if (typeof sid !== 'string' || sid === '') return '"sid" must be a text.';
  if (typeof session !== 'object' || session === null || Array.isArray(session)) {
    return '"session" must be an object.';
  }
  const lack = LACKS[kind](session, sid);
  if (lack !== undefined) return lack;
  const [end, created] = [expires, createdAt].map((time) =>
    time == null ? undefined : timeOf(time),
  );
  if (Number.isNaN(end)) return '"expires" must be a time as ISO text.';
  if (Number.isNaN(created)) return '"createdAt" must be a time as ISO text.';
  return { sid, data: JSON.stringify(session), expires: end, created };
}

/** @param {unknown} time */
function timeOf(time) {
  return typeof time === 'string' ? Date.parse(time) : Number.NaN;
}

'use strict';

/** `list`: the sessions of a table, or of a user. */

const { EXIT, UsageError, throwIfStopped } = require('../failure');
const { ofUser, userIndexOf } = require('../find');
const { whole } = require('../flags');
const { entries } = require('../scan');
const { summaryOf } = require('../session');
const { moment, size } = require('../text');
const { addSweepFlags, sweepOptions } = require('../sweep');

/** The rows that are laid out at a time, so that a long list shows its beginning at once. */
const ROWS = 200;

/** @type {import('../run').Definition} */
module.exports = {
  name: 'list',
  summary: 'list sessions, by their handles',
  description:
    'Lists sessions by their handles: names that do not tell the id. The command reads the whole table,\n' +
    'except with --user and an index (--index, or indexes in the file of --config).',
  define(command) {
    addSweepFlags(command);
    command.option('--user <user>', 'only the sessions of this user');
    command.option('--live', 'leave out ended sessions that DynamoDB has not deleted yet');
    command.option('--ids', 'show ids too, which log their users in');
    command.option('--limit <count>', 'stop after this many sessions', whole);
  },
  async run(context) {
    const { flags, output, signal } = context;
    const opened = await context.open({ withMarks: true });
    const index = flags.user === undefined ? undefined : userIndexOf(opened);
    const list = new List(output, flags.ids === true);
    if (index !== undefined) return listOfIndex(opened, index, flags, list);
    const found =
      flags.user === undefined
        ? entries(opened, { ...sweepOptions(context), ended: !flags.live })
        : ofUser(context, opened, flags.user);
    let count = 0;
    for await (const entry of found) {
      if (signal.aborted) break;
      // Shopify's sessions: the store reads them even after their end.
      if (flags.live && entry.isEnded) continue;
      await list.add(summaryOf(opened, entry, flags.ids === true));
      count += 1;
      if (count === flags.limit) break;
    }
    await list.end();
    throwIfStopped(signal);
    if (!output.isJson && count === 0) output.note('There is no session.');
    return count === 0 && flags.user !== undefined ? EXIT.nothing : EXIT.done;
  },
};

/**
 * Lists the sessions that an index has of a user. They are found without reading the table, and without their data.
 *
 * @param {import('../../lib/command').Opened} opened
 * @param {string} index
 * @param {Record<string, any>} flags
 * @param {List} list
 */
async function listOfIndex({ sessions }, index, { ids, limit, user }, list) {
  if (ids) throw new UsageError('--ids cannot be used with an index, which does not tell ids.');
  const found = await sessions.indexes.sessionsOf(index, user);
  for (const { handle, createdAt, expires, label, lastSeen } of found.slice(0, limit)) {
    const times = { expires, createdAt, lastSeen };
    const texts = Object.entries(times).map(([name, time]) => [name, time?.toISOString()]);
    await list.add({ handle, user, ...Object.fromEntries(texts), ...(label && { label }) });
  }
  await list.end();
  return found.length === 0 ? EXIT.nothing : EXIT.done;
}

/**
 * A row of the list.
 *
 * @typedef {Partial<ReturnType<typeof summaryOf>> & { handle: string, label?: string }} Row
 */

class List {
  #output;
  #withIds;
  /** @type {Row[]} */
  #rows = [];
  #hasHead = false;

  /**
   * @param {import('../output').Output} output
   * @param {boolean} withIds
   */
  constructor(output, withIds) {
    this.#output = output;
    this.#withIds = withIds;
  }

  /** @param {Row} row */
  async add(row) {
    if (this.#output.isJson) return this.#output.line(row, () => '');
    this.#rows.push(row);
    if (this.#rows.length >= ROWS) await this.end();
  }

  /** Prints the rows that are left. */
  async end() {
    if (this.#rows.length === 0) return;
    const time = (/** @type {string | undefined} */ text) => (text ? moment(Date.parse(text)) : '');
    const rows = this.#rows.map((row) => [
      row.handle,
      ...(this.#withIds ? [String(row.id)] : []),
      row.user ?? '',
      row.expires ? time(row.expires) : 'never',
      time(row.lastSeen ?? row.createdAt),
      size(row.bytes),
    ]);
    const head = ['HANDLE', ...(this.#withIds ? ['ID'] : []), 'USER', 'ENDS', 'LAST SEEN', 'SIZE'];
    const options = { right: [head.length - 1], ...(!this.#hasHead && { head }) };
    this.#hasHead = true;
    this.#rows = [];
    const table = this.#output.table(rows, options);
    await this.#output.line(undefined, () => table);
  }
}

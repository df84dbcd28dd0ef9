'use strict';

/** `stats`: how many sessions there are, how large and how old they are. */

const { throwIfStopped } = require('../failure');
const { Histogram } = require('../histogram');
const { Progress } = require('../progress');
const { Position, entries } = require('../scan');
const { addSweepFlags, sweepOptions } = require('../sweep');
const { count, iso, moment, size } = require('../text');

/** @import { Entry } from '../scan' */

const SIZES = [
  { to: 512, label: 'below 0.5 kB' },
  { to: 1e3, label: '0.5–1 kB' },
  { to: 2e3, label: '1–2 kB' },
  { to: 4e3, label: '2–4 kB' },
  { to: 16e3, label: '4–16 kB' },
  { to: 64e3, label: '16–64 kB' },
  { to: 256e3, label: '64–256 kB' },
  { to: Number.POSITIVE_INFINITY, label: 'above 256 kB' },
];

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const TIMES = [
  { to: HOUR, label: 'below 1 h' },
  { to: 6 * HOUR, label: '1–6 h' },
  { to: DAY, label: '6–24 h' },
  { to: 7 * DAY, label: '1–7 d' },
  { to: 30 * DAY, label: '7–30 d' },
  { to: 90 * DAY, label: '30–90 d' },
  { to: 365 * DAY, label: '90–365 d' },
  { to: Number.POSITIVE_INFINITY, label: 'above 1 y' },
];

class Stats {
  live = 0;
  expired = 0;
  endless = 0;
  bytes = 0;
  /** @type {number | undefined} */
  oldest;
  /** @type {number | undefined} */
  newest;
  sizes = new Histogram(SIZES);
  ages = new Histogram(TIMES);
  lifetimes = new Histogram(TIMES);
  #now = Date.now();

  /** @param {Entry} entry */
  add({ created, data, end, expires, isEnded }) {
    if (isEnded) {
      this.expired += 1;
      return;
    }
    const bytes = Buffer.byteLength(data);
    this.live += 1;
    this.bytes += bytes;
    this.sizes.add(bytes);
    if (created !== undefined) {
      this.ages.add(this.#now - created);
      this.oldest = Math.min(this.oldest ?? created, created);
      this.newest = Math.max(this.newest ?? created, created);
    }
    const until = end ?? expires;
    if (until === undefined) this.endless += 1;
    else this.lifetimes.add(until - this.#now);
  }

  /** @param {string} table */
  toJSON(table) {
    const { bytes, expired, live } = this;
    return {
      table,
      live,
      expired,
      withoutEnd: this.endless,
      bytes,
      averageBytes: live === 0 ? 0 : Math.round(bytes / live),
      oldest: iso(this.oldest),
      newest: iso(this.newest),
      sizes: this.sizes.ranges,
      ages: this.ages.ranges,
      remaining: this.lifetimes.ranges,
    };
  }
}

/** @type {import('../run').Definition} */
module.exports = {
  name: 'stats',
  summary: 'count sessions, and show their sizes and ages',
  description:
    'Counts the live and the ended sessions, and shows the sizes, the ages and the remaining lifetimes of the live ones.\n' +
    'The command reads the whole table. The age is known of sessions that are written with absoluteTtl or indexes.',
  define: addSweepFlags,
  async run(context) {
    const { output, signal } = context;
    const opened = await context.open({ withMarks: true });
    const stats = new Stats();
    const progress = new Progress(output, 'Sessions');
    const position = new Position();
    try {
      for await (const entry of entries(opened, {
        ...sweepOptions(context),
        ended: true,
        position,
      })) {
        stats.add(entry);
        position.done(entry);
        progress.update(stats.live + stats.expired, position.share);
      }
    } finally {
      progress.stop();
    }
    throwIfStopped(signal);
    const title = (/** @type {string} */ text) => `\n${output.paint.bold(text)}`;
    const unreadable = context.unreadable.count;
    const json = { ...stats.toJSON(opened.table), ...(unreadable > 0 && { unreadable }) };
    await output.result(json, () => [
      output.fields([
        ['live', count(stats.live)],
        ['ended', count(stats.expired)],
        ['without end', stats.endless || undefined],
        ['cannot be read', unreadable || undefined],
        [
          'size',
          `${size(stats.bytes)}, ${size(Math.round(stats.bytes / (stats.live || 1)))} on average`,
        ],
        ['oldest', moment(stats.oldest)],
        ['newest', moment(stats.newest)],
      ]),
      ...(stats.live > 0 ? [title('Sizes'), stats.sizes.draw(output)] : []),
      ...(stats.oldest !== undefined ? [title('Ages'), stats.ages.draw(output)] : []),
      ...(stats.lifetimes.ranges.length > 0
        ? [title('Remaining lifetimes'), stats.lifetimes.draw(output)]
        : []),
    ]);
  },
};

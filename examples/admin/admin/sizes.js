'use strict';

/** A sample of the sessions of a table: how large and how old they are. */

const { MeteredScan } = require('./scan');

const KB = 1024;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** The upper ends of the bars, in bytes and in milliseconds. The last bar has the rest. */
const SIZES = [256, 512, KB, 2 * KB, 4 * KB, 8 * KB, 16 * KB, 64 * KB, 400 * KB];
const AGES = [HOUR / 4, HOUR, 6 * HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY];

/** A page of the table should cost the bound divided by this, so that the sample can stop before the bound. */
const PART = 4;

/**
 * Takes a sample. It takes some seconds, and stops before the page that would probably exceed `units` capacity units.
 * It knows the price of a session from the pages before. If the sessions of the last page are larger, the sample exceeds
 * the bound.
 *
 * @param {import('dynamo-session-store').DynamoDBStore} store
 * @param {number} units
 * @param {AbortSignal} signal
 */
async function sample(store, units, signal) {
  const perSecond = units / PART;
  const scan = new MeteredScan(store, perSecond);
  const sizes = new Histogram(SIZES);
  const ages = new Histogram(AGES);
  scan.onPage = () => {
    if (scan.units + perSecond > units) scan.stop();
  };
  const stop = () => scan.stop();
  signal.addEventListener('abort', stop);
  try {
    for (let each = await scan.next(); each !== undefined; each = await scan.next()) {
      sizes.add(sizeOf(each));
      // Without a beginning, the session is older than the options that keep it.
      ages.add(each.createdAt ? Date.now() - each.createdAt : Number.POSITIVE_INFINITY);
    }
  } finally {
    scan.stop();
    signal.removeEventListener('abort', stop);
  }
  const { isWhole, read } = scan;
  return { sizes, ages, isWhole, read, units: scan.units, bound: units };
}

/**
 * The bytes of a session as JSON. The item also has the key, the end and other marks, and may be compressed or
 * encrypted.
 *
 * @param {{ session: object }} session
 */
function sizeOf({ session }) {
  return Buffer.byteLength(JSON.stringify(session));
}

class Histogram {
  count = 0;
  total = 0;
  largest = 0;
  /** @type {{ upTo: number, count: number }[]} */
  bars;

  /** @param {number[]} ends */
  constructor(ends) {
    this.bars = [...ends, Number.POSITIVE_INFINITY].map((upTo) => ({ upTo, count: 0 }));
  }

  /** @param {number} value */
  add(value) {
    this.count += 1;
    this.total += value;
    this.largest = Math.max(this.largest, value);
    this.bars.find(({ upTo }) => value <= upTo).count += 1;
  }

  get mean() {
    return this.count === 0 ? 0 : this.total / this.count;
  }
}

module.exports = { sample, sizeOf };

'use strict';

/** The pace of a scan, on a clock of its own. */

const { Pace } = require('../lib/pace');

/** A clock on which waiting takes no time. */
function newClock() {
  return {
    time: 0,
    now() {
      return this.time;
    },
    async sleep(time) {
      this.time += time;
    },
  };
}

const never = () => new AbortController().signal;

/**
 * Reads a table of items of `size` KB, `share` of which are deleted. Returns the pages with the time at which each
 * began, and the time after which all are paid.
 */
async function scan({ rate, items, size = 1, deletes = false, share = 0, parallel = 1 }) {
  const clock = newClock();
  const pace = new Pace(rate, deletes, clock);
  const pages = [];
  let left = items;
  const segment = async () => {
    for (;;) {
      const begun = await pace.begin(never());
      if (left <= 0) return;
      // A page has at most 1 MB.
      const read = Math.min(begun.most, left, Math.max(1, Math.floor(1024 / size)));
      left -= read;
      const deleted = Math.round(read * share);
      const page = {
        read,
        deleted,
        readUnits: Math.ceil((read * size) / 4) / 2,
        writeUnits: deletes ? deleted * Math.ceil(size) : undefined,
      };
      pages.push({ ...page, at: clock.now(), units: page.readUnits + (page.writeUnits ?? 0) });
      pace.end(begun, page);
    }
  };
  await Promise.all(Array.from({ length: parallel }, segment));
  await pace.begin(never());
  return { pages, units: pages.reduce((sum, page) => sum + page.units, 0), end: clock.now() };
}

describe.each([
  ['reads of small items', { rate: 10, items: 2000 }],
  ['reads of large items', { rate: 10, items: 500, size: 100 }],
  ['reads with 20 segments', { rate: 50, items: 5000, parallel: 20 }],
  ['a reap of ended sessions', { rate: 20, items: 500, deletes: true, share: 1 }],
  ['a reap of large sessions', { rate: 20, items: 50, size: 20, deletes: true, share: 1 }],
  ['a reap that finds few', { rate: 20, items: 5000, deletes: true, share: 0.01 }],
  ['less than a unit a second', { rate: 0.2, items: 100 }],
  ['many units a second', { rate: 1e6, items: 1e5 }],
])('%s', (_name, options) => {
  test('all pages are paid', async () => {
    const { units, end } = await scan(options);
    // The first page of each segment may be paid before its price is known.
    expect(end / 1000).toBeGreaterThanOrEqual(units / options.rate - 1e-6);
  });

  test('no time is lost', async () => {
    const { pages, units, end } = await scan(options);
    const longest = Math.max(...pages.map((page) => page.units));
    // What was expected of pages that have not come: of the segments that found nothing more.
    const unused = ((options.parallel ?? 1) + 1) * Math.max(longest, 1);
    expect(end / 1000).toBeLessThanOrEqual((units + unused) / options.rate + 1);
  });

  test('no second has much more than the limit', async () => {
    const { pages } = await scan(options);
    const { rate, size = 1, parallel = 1 } = options;
    // The pages of a second, and one that begins at its end. An item is the smallest page.
    const item = Math.ceil(size / 4) / 2 + (options.deletes ? size : 0);
    for (const { at } of pages) {
      const within = pages.filter((page) => page.at >= at && page.at < at + 1000);
      const units = within.reduce((sum, page) => sum + page.units, 0);
      expect(units).toBeLessThanOrEqual(2 * rate + 25 * item * parallel);
    }
  });
});

test('pages grow until they cost a second', async () => {
  const { pages } = await scan({ rate: 100, items: 20_000 });
  const sizes = pages.map(({ read }) => read);
  expect(sizes[0]).toBe(10);
  expect(sizes[1]).toBe(20);
  // 100 units are 800 KB.
  expect(Math.max(...sizes)).toBe(800);
});

test('a page of a reap has no more items than can be deleted in a second', async () => {
  const { pages } = await scan({ rate: 30, items: 5000, deletes: true, share: 0 });
  expect(Math.max(...pages.map(({ read }) => read))).toBeLessThanOrEqual(30);
});

test('deletions that cost more because of indexes make smaller pages', async () => {
  const pace = new Pace(100, true, newClock());
  const page = { read: 10, deleted: 10, readUnits: 1, writeUnits: 50 };
  pace.end(await pace.begin(never()), page);
  expect(await pace.begin(never())).toMatchObject({ most: 19 });
});

test('a client that reports no units: each item counts for one, and each deletion', async () => {
  const clock = newClock();
  const pace = new Pace(10, true, clock);
  pace.end(await pace.begin(never()), { read: 20, deleted: 10 });
  await pace.begin(never());
  expect(clock.now()).toBe(3000);
});

test('a pause ends when the scan is to stop', async () => {
  const pace = new Pace(0.000_001, false);
  const stopping = new AbortController();
  await pace.begin(stopping.signal);
  const second = pace.begin(stopping.signal);
  const third = pace.begin(stopping.signal);
  stopping.abort();
  expect(await second).toBeUndefined();
  expect(await third).toBeUndefined();
});

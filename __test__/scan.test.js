'use strict';

/** Scans, on a table in memory: their order, their ends, and the tokens of their progress. */

const { EventEmitter } = require('node:events');
const { Scan } = require('../lib/scan');

const failure = {
  failed: true,
  code: 'ERR_TEST',
  name: 'E',
  message: 'm',
  retryable: false,
  causes: [],
};

/**
 * A table of items with the numbers from 0, as the addon reads it. Item n is in segment n modulo the number of
 * segments. `size`: the items of a page.
 */
function newHost({ items = 20, size = 3, moves = false, answer = async () => {} } = {}) {
  const table = new Set(Array.from({ length: items }, (_, number) => number));
  const events = new EventEmitter();
  const closing = new AbortController();
  const requests = [];
  let inFlight = 0;
  const host = {
    most: 0,
    table: 'sessions',
    prefix: 'sess:',
    moves,
    events,
    closing: closing.signal,
    lifecycle: { isHeard: () => false },
    call: (call) => call(1000),
    run: (_kind, call) => call(),
    goOn: (call) => call(1000),
    native: () => ({
      async sweepPage(request) {
        requests.push(request);
        inFlight += 1;
        host.most = Math.max(host.most, inFlight);
        const outcome = await answer(request, requests.length);
        await new Promise(setImmediate);
        inFlight -= 1;
        if (outcome?.failed) return outcome;
        const { segment, segments, start, most = size, sweep } = request;
        const own = [...table].filter((number) => number % segments === segment);
        const after = own.sort((one, other) => one - other);
        const rest = after.filter((number) => start === undefined || number > Number(start));
        const found = rest.slice(0, Math.min(most, size));
        const deletes = sweep === 'reap' || sweep === 'clear';
        const kept = outcome?.kept ?? [];
        const deleted = deletes ? found.filter((number) => !kept.includes(number)) : [];
        for (const number of deleted) table.delete(number);
        return {
          read: found.length,
          sessions: found.length,
          deleted: deleted.length,
          ids: found.map(String),
          listed: found.map((number) => ({ sid: String(number) })),
          keys: [],
          failure: deletes && deleted.length < found.length ? failure : undefined,
          readUnits: request.countsUnits ? found.length / 2 : undefined,
          writeUnits: request.countsUnits && deletes ? deleted.length : undefined,
          next: rest.length > found.length ? String(found.at(-1)) : undefined,
        };
      },
    }),
  };
  return { host, table, events, requests, close: () => closing.abort(new Error('closed')) };
}

const ids = { name: 'ids', sweep: 'ids' };
const reap = { name: 'reap', sweep: 'reap' };
const clear = { name: 'clear', sweep: 'clear' };
const sessions = { name: 'sessions', sweep: 'list', isIterated: true };

/** Runs a scan, and returns the ids it has found. */
async function run(host, operation, options, clock) {
  const found = [];
  await new Scan(host, operation, options, clock).run((page) => found.push(...page.ids));
  return found.sort((one, other) => one - other);
}

/** Notes the progress of the scans of a host. */
function progressOf({ events }) {
  const all = [];
  events.on('progress', (progress) => all.push(progress));
  return all;
}

const all = Array.from({ length: 20 }, (_, number) => String(number));

test.each([undefined, 1, 3, 20, 100, 1000])('%p segments: each item once', async (segments) => {
  const { host, requests } = newHost();
  expect(await run(host, ids, segments && { segments })).toEqual(all);
  expect(new Set(requests.map(({ segment }) => segment)).size).toBe(segments ?? 1);
  expect(host.most).toBeLessThanOrEqual(32);
  if (segments === 100) expect(host.most).toBe(32);
});

test('progress adds up, and counts units only if somebody listens', async () => {
  const silent = newHost();
  await run(silent.host, reap);
  expect(silent.requests.some(({ countsUnits }) => countsUnits)).toBe(false);
  const heard = newHost();
  const progress = progressOf(heard);
  await run(heard.host, reap, { segments: 4 });
  expect(progress.length).toBe(heard.requests.length);
  expect(progress.at(-1)).toMatchObject({
    operation: 'reap',
    segments: 4,
    segmentsDone: 4,
    read: 20,
    sessions: 20,
    deleted: 20,
    capacity: 30,
    elapsed: expect.any(Number),
    resume: expect.any(String),
  });
  const counts = progress.map(({ read }) => read);
  expect(counts).toEqual([...counts].sort((one, other) => one - other));
});

test('the token is not shown by logs', async () => {
  const table = newHost();
  const progress = progressOf(table);
  await run(table.host, ids);
  const [{ resume }] = progress;
  expect(Buffer.from(resume, 'base64url').toString()).toContain('"2"');
  expect(JSON.stringify(progress)).not.toContain(resume);
  expect(require('node:util').inspect(progress, { showHidden: true })).not.toContain(resume);
  expect({ ...progress[0] }).not.toHaveProperty('resume');
});

describe('resume', () => {
  test.each([1, 3, 40])('after each page of a scan with %p segments', async (segments) => {
    const reference = newHost();
    const tokens = progressOf(reference);
    const found = [];
    const counts = [];
    await new Scan(reference.host, ids, { segments }).run((page) => {
      counts.push(found.length);
      found.push(...page.ids);
    });
    counts.push(found.length);
    for (const [at, { resume, read }] of tokens.entries()) {
      const before = found.slice(0, counts[at + 1]);
      expect(read).toBe(before.length);
      const rest = await run(newHost().host, ids, { resume });
      expect([...before, ...rest].sort((one, other) => one - other)).toEqual(all);
    }
  });

  test('a page with a deletion that failed is read again', async () => {
    const table = newHost({ answer: async () => ({ kept: [4] }) });
    const progress = progressOf(table);
    await expect(run(table.host, reap)).rejects.toMatchObject({ code: 'ERR_TEST' });
    expect([...table.table]).toEqual([4]);
    const { resume } = progress.at(-1);
    await expect(run(table.host, reap, { resume })).rejects.toMatchObject({ code: 'ERR_TEST' });
    const later = newHost({ items: 0 });
    later.table.add(4);
    await run(later.host, reap, { resume });
    expect(later.table.size).toBe(0);
  });

  test('a token of the end has nothing left', async () => {
    const table = newHost();
    const progress = progressOf(table);
    await run(table.host, ids);
    const { resume } = progress.at(-1);
    expect(await run(newHost().host, ids, { resume })).toEqual([]);
  });

  test('wrong tokens', async () => {
    const table = newHost();
    const progress = progressOf(table);
    await run(table.host, ids, { segments: 2 });
    const { resume } = progress[0];
    const code = 'ERR_INVALID_ARG_VALUE';
    const scan = (options, operation = ids, more = {}) =>
      new Scan({ ...table.host, ...more }, operation, options);
    const garbled = Buffer.from('[1,"ids","sessions","sess:",1,0,[2]]').toString('base64url');
    for (const wrong of ['', 'x', resume.slice(2), resume.slice(0, -4), garbled, 7, {}]) {
      expect(() => scan({ resume: wrong })).toThrow(
        expect.objectContaining({
          code,
          message: 'option "resume" must be a token of the event "progress"',
        }),
      );
    }
    expect(() => scan({ resume }, reap)).toThrow(
      'option "resume" is a token of "ids", but the call is "reap"',
    );
    const other = 'option "resume" is a token of a store with another table or another prefix';
    expect(() => scan({ resume }, ids, { table: 'others' })).toThrow(other);
    expect(() => scan({ resume }, ids, { prefix: '' })).toThrow(other);
    expect(() => scan({ resume, segments: 3 })).toThrow(
      'option "segments" must be 2, as in the token of the option "resume", or not set, but is 3',
    );
    expect(() => scan({ resume, segments: 2 })).not.toThrow();
  });
});

describe('a signal', () => {
  test('that is aborted before: nothing is read', async () => {
    const { host, requests } = newHost();
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(run(host, ids, { signal })).rejects.toBe(reason);
    expect(requests).toEqual([]);
  });

  test('stops after the pages in flight, and the token of the last event has the rest', async () => {
    const controller = new AbortController();
    const table = newHost({
      items: 100,
      answer: async (_request, number) => number === 5 && controller.abort(),
    });
    const progress = progressOf(table);
    const { signal } = controller;
    await expect(run(table.host, reap, { segments: 3, signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    const { resume, deleted } = progress.at(-1);
    expect(table.requests.length).toBe(progress.length);
    expect(deleted).toBeLessThan(100);
    expect(table.table.size).toBe(100 - deleted);
    const left = table.table.size;
    let count = 0;
    await new Scan(table.host, reap, { resume }).run((page) => {
      count += page.deleted;
    });
    expect(count).toBe(left);
    expect(table.table.size).toBe(0);
  });

  test('ends a pause', async () => {
    const controller = new AbortController();
    const { host, requests } = newHost({
      answer: async () => setImmediate(() => controller.abort()),
    });
    const options = { capacityPerSecond: 0.000_1, segments: 3, signal: controller.signal };
    await expect(run(host, ids, options)).rejects.toMatchObject({ name: 'AbortError' });
    expect(requests.length).toBe(1);
  });
});

test('an error of a page ends the scan, after the pages in flight', async () => {
  const table = newHost({
    answer: async (_request, number) => (number === 3 ? failure : undefined),
  });
  const progress = progressOf(table);
  const scan = run(table.host, reap, { segments: 5 });
  await expect(scan).rejects.toMatchObject({ code: 'ERR_TEST' });
  expect(table.table.size).toBe(20 - progress.at(-1).deleted);
  const rest = newHost({ items: 0 });
  for (const number of table.table) rest.table.add(number);
  await run(rest.host, reap, { resume: progress.at(-1).resume });
  expect(rest.table.size).toBe(0);
});

describe('clear', () => {
  test('reads once where no session can move', async () => {
    const { host, requests } = newHost({ size: 100 });
    await run(host, clear);
    expect(requests.length).toBe(1);
  });

  test('reads again where sessions can move, until it finds none', async () => {
    const table = newHost({
      size: 100,
      moves: true,
      // A session that the first pass has missed.
      answer: async (_request, number) => {
        if (number === 2) table.table.add(50);
      },
    });
    await run(table.host, clear);
    expect(table.table.size).toBe(0);
    expect(table.requests.length).toBe(3);
  });

  test('reads at most five times', async () => {
    const table = newHost({
      moves: true,
      size: 100,
      answer: async (_request, number) => {
        table.table.add(100 + number);
      },
    });
    await run(table.host, clear);
    expect(table.requests.length).toBe(5);
  });

  test('a token knows the pass', async () => {
    const table = newHost({ size: 100, moves: true });
    const progress = progressOf(table);
    await run(table.host, clear);
    expect(progress.length).toBe(2);
    const later = newHost({ size: 100, moves: true });
    await run(later.host, clear, { resume: progress[0].resume });
    // The first pass was done, so the second one finds all, and the third one nothing.
    expect(later.requests.length).toBe(2);
    const last = newHost({ size: 100, moves: true });
    await run(last.host, clear, { resume: progress[1].resume });
    expect(last.requests.length).toBe(0);
  });
});

describe('an iteration', () => {
  test('reads a page when it is asked for, and break ends it', async () => {
    const { host, requests } = newHost();
    const found = [];
    for await (const { listed } of new Scan(host, sessions).pages()) {
      found.push(...listed);
      expect(requests.length).toBe(Math.ceil(found.length / 3));
      if (found.length >= 6) break;
    }
    await new Promise(setImmediate);
    expect(requests.length).toBe(2);
  });

  test('with segments, at most one page of each is read ahead', async () => {
    const { host, requests } = newHost({ items: 100 });
    let pages = 0;
    for await (const _page of new Scan(host, sessions, { segments: 4 }).pages()) {
      pages += 1;
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      expect(requests.length).toBeLessThanOrEqual(pages + 4);
    }
    expect(requests.length).toBe(pages);
  });

  test('a page counts when the next one is asked for', async () => {
    const table = newHost();
    const progress = progressOf(table);
    const pages = new Scan(table.host, sessions).pages();
    await pages.next();
    expect(progress.length).toBe(0);
    await pages.next();
    expect(progress.length).toBe(1);
    await pages.return();
    const rest = [];
    for await (const { ids: page } of new Scan(table.host, sessions, {
      resume: progress[0].resume,
    }).pages()) {
      rest.push(...page);
    }
    expect(rest).toEqual(all.slice(3));
  });

  test('an abort gives out no page in flight', async () => {
    const controller = new AbortController();
    const { host } = newHost();
    const pages = new Scan(host, sessions, { signal: controller.signal }).pages();
    await pages.next();
    const next = pages.next();
    controller.abort();
    await expect(next).rejects.toMatchObject({ name: 'AbortError' });
    expect(await pages.next()).toEqual({ done: true, value: undefined });
  });
});

describe('a store that is closed', () => {
  test('a scan goes on', async () => {
    const table = newHost({ answer: async (_request, number) => number === 2 && table.close() });
    expect(await run(table.host, ids)).toEqual(all);
  });

  test('a scan with a limit ends', async () => {
    const table = newHost({ answer: async (_request, number) => number === 2 && table.close() });
    const scan = run(table.host, ids, { capacityPerSecond: 1000 });
    await expect(scan).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
  });
});

test.each([
  [{ segments: 0 }, 'option "segments" must be a whole number from 1 to 1000, but is 0'],
  [{ segments: 1001 }, 'option "segments" must be a whole number from 1 to 1000, but is 1001'],
  [{ segments: 1.5 }, 'option "segments" must be a whole number from 1 to 1000, but is 1.5'],
  [{ segments: '4' }, 'option "segments" must be a finite number, but is the text "4"'],
  [
    { capacityPerSecond: 0 },
    'option "capacityPerSecond" must be a number of capacity units above 0, but is 0',
  ],
  [
    { capacityPerSecond: Number.POSITIVE_INFINITY },
    'option "capacityPerSecond" must be a finite number, but is Infinity',
  ],
  [{ signal: {} }, 'option "signal" must be an AbortSignal'],
  [
    { segment: 4 },
    'the options of ids are segments, capacityPerSecond, resume, signal, but "segment" is set',
  ],
  [7, 'the options of ids must be an object, but is number'],
])('%p: %s', (options, message) => {
  const { host } = newHost();
  expect(() => new Scan(host, ids, options)).toThrow(
    expect.objectContaining({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE', message }),
  );
});

test('close() ends an iteration that waits for capacity', async () => {
  const { host, close } = newHost();
  let sleeps = 0;
  const clock = {
    now: () => 0,
    // Waits until the scan is stopped.
    sleep: (_time, stopping) =>
      new Promise((resolve) => {
        sleeps += 1;
        stopping.addEventListener('abort', resolve);
      }),
  };
  const operation = { name: 'sessions', sweep: 'list', isIterated: true };
  const pages = new Scan(host, operation, { capacityPerSecond: 1 }, clock).pages();
  const all = (async () => {
    for await (const _page of pages);
  })();
  all.catch(() => {});
  while (sleeps === 0) await new Promise(setImmediate);
  close();
  await expect(all).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
});

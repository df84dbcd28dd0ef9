'use strict';

/** What conflicts cost: the requests that are sent, and what happens while one is refused. */

const { randomUUID } = require('node:crypto');
const { during, play } = require('./support/browser');
const { deleteItem, dynamoConfig, putItem } = require('./support/dynamodb');
const { startProxy } = require('./support/proxy-dynamodb');
const { racesOn } = require('./support/races');
const { expressSubject } = require('./support/race-subjects');

const REFUSED = 'PutItem ConditionalCheckFailedException';

let proxy;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.stop());
beforeEach(() => {
  proxy.operations();
  Object.assign(proxy.hooks, { before() {}, loses: () => false });
});

const races = racesOn(
  expressSubject(() => ({ dynamoConfig: { ...dynamoConfig(), endpoint: proxy.endpoint } })),
);
const { itemOf, newSession, stored } = races;

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

/** Has something happen before each of the next requests of an operation. */
function beforeNext(operation, times, something) {
  let left = times;
  proxy.hooks.before = async (call) => {
    if (call.operation !== operation || left === 0) return;
    left -= 1;
    await something(times - left);
  };
}

/** Promises that a test opens. */
const newGates = (count) =>
  Array.from({ length: count }, () => {
    let open;
    const opened = new Promise((resolve) => {
      open = resolve;
    });
    return { open, opened };
  });

/** Changes a session as a store of another process does, whose requests wait for none of this one. */
async function changeElsewhere(sid, keys) {
  const item = await itemOf(sid);
  const sess = JSON.stringify({ ...JSON.parse(item.sess.S), ...keys });
  await putItem(races.table, { ...item, sess: { S: sess }, _v: { S: randomUUID() } });
}

test('without conflicts none is refused, and nothing is read twice', async () => {
  const { browser } = await newSession({ cart: 0 });
  expect(proxy.operations()).toEqual(['PutItem']);
  await browser.visit(async (visit) => {
    await visit.regenerate();
    visit.session.user = 'ann';
  });
  expect(proxy.operations()).toEqual(['GetItem', 'DeleteItem', 'PutItem']);
  for (let count = 1; count <= 5; count += 1) {
    await browser.visit(set({ count }));
    expect(proxy.operations()).toEqual(['GetItem', 'PutItem']);
    await browser.visit();
    expect(proxy.operations()).toEqual(['GetItem']);
  }
  await browser.visit(async (visit) => {
    visit.session.count += 1;
    await visit.save();
    visit.session.count += 1;
    await visit.save();
    await visit.reload();
    visit.session.count += 1;
  });
  const saves = ['PutItem', 'PutItem'];
  expect(proxy.operations()).toEqual(['GetItem', ...saves, 'GetItem', 'PutItem']);
  await browser.visit((visit) => visit.logOut());
  expect(proxy.operations()).toEqual(['GetItem', 'DeleteItem']);
});

test('a conflict is one refusal and one more write, without a read', async () => {
  const { browser, sid } = await newSession({ user: 'ann' });
  proxy.operations();
  await during(browser, set({ cart: 1 }), async () => {
    await browser.visit(set({ token: 'abc' }));
    expect(proxy.operations()).toEqual(['GetItem', 'GetItem', 'PutItem']);
  });
  expect(proxy.operations()).toEqual([REFUSED, 'PutItem']);
  // The next request of either finds what it has read.
  await browser.visit(set({ cart: 2 }));
  expect(proxy.operations()).toEqual(['GetItem', 'PutItem']);
  expect(await stored(sid)).toEqual({ user: 'ann', cart: 2, token: 'abc' });
});

test.each(['merge', 'overwrite', 'error'])('%s: a logout is one refusal', async (conflict) => {
  const { browser } = await newSession({ user: 'ann' }, { conflict });
  await during(browser, set({ cart: 1 }), async () => {
    await browser.visit((visit) => visit.logOut());
    proxy.operations();
  });
  const operations = proxy.operations();
  expect(operations[0]).toBe(REFUSED);
  expect(operations).not.toContain('PutItem');
});

test('error: a conflict is one refusal and no more', async () => {
  const { browser } = await newSession({ user: 'ann' }, { conflict: 'error' });
  await during(browser, set({ cart: 1 }), async () => {
    await browser.visit(set({ token: 'abc' }));
    proxy.operations();
  });
  expect(proxy.operations()).toEqual([REFUSED]);
});

test('others who save between a refusal and the next try are merged as well', async () => {
  const { browser, sid } = await newSession({ user: 'ann' });
  beforeNext('PutItem', 4, (time) => changeElsewhere(sid, { [`time${time}`]: time }));
  proxy.operations();
  await browser.visit(set({ cart: 1 }));
  expect(proxy.operations()).toEqual(['GetItem', ...Array(4).fill(REFUSED), 'PutItem']);
  const theirs = { time1: 1, time2: 2, time3: 3, time4: 4 };
  expect(await stored(sid)).toEqual({ user: 'ann', cart: 1, ...theirs });
  expect(browser.failures).toEqual([]);
});

test('a session that others never leave alone is a conflict in the end', async () => {
  const { browser, sid } = await newSession({ user: 'ann' });
  beforeNext('PutItem', Number.POSITIVE_INFINITY, () => changeElsewhere(sid, { theirs: 1 }));
  await browser.visit(set({ cart: 1 }));
  expect(browser.failures).toEqual([expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' })]);
  expect(await stored(sid)).toEqual({ user: 'ann', theirs: 1 });
});

test('a session that is destroyed between a refusal and the next try stays so', async () => {
  const { browser, sid } = await newSession({ user: 'ann' });
  beforeNext('PutItem', 2, (time) =>
    time === 1 ? changeElsewhere(sid, { theirs: 1 }) : deleteItem(races.table, `sess:${sid}`),
  );
  await browser.visit(set({ cart: 1 }));
  expect(await itemOf(sid)).toBeUndefined();
  expect(browser.failures).toEqual([]);
});

test.each(['merge', 'overwrite', 'error'])(
  '%s: a save whose answer was lost is sent again, and no conflict with itself',
  async (conflict) => {
    const { browser, sid } = await newSession({ user: 'ann' }, { conflict });
    let lost = 0;
    proxy.hooks.loses = ({ operation }) => {
      lost += operation === 'PutItem' ? 1 : 0;
      return operation === 'PutItem' && lost === 1;
    };
    await browser.visit(set({ cart: 1 }));
    expect(lost).toBeGreaterThan(1);
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
    expect(browser.failures).toEqual([]);
    await browser.visit(set({ cart: 2 }));
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 2 });
    expect(browser.failures).toEqual([]);
  },
);

test('a save that fails leaves the request with what it has read', async () => {
  const { browser, sid } = await newSession({ user: 'ann' });
  await during(
    browser,
    async (visit) => {
      visit.session.cart = 'x'.repeat(500_000);
      await expect(visit.save()).rejects.toThrow();
      visit.session.cart = 1;
      await visit.save();
    },
    () => browser.visit(set({ token: 'abc' })),
  );
  expect(await stored(sid)).toEqual({ user: 'ann', cart: 1, token: 'abc' });
  expect(browser.failures).toEqual([]);
});

test('a touch that follows a save without waiting for it is not refused', async () => {
  const how = [{ touchInterval: 0 }, { cookie: { maxAge: 3_600_000 } }];
  const { browser } = await newSession({ user: 'ann' }, ...how);
  proxy.operations();
  let saved;
  await browser.visit((visit) => {
    visit.session.cart = 1;
    saved = visit.save();
  });
  await saved;
  expect(proxy.operations()).toEqual(['GetItem', 'PutItem', 'UpdateItem']);
});

test('error: the saves of a new session that nobody waits for are no conflict', async () => {
  const browser = await races.newBrowser({ conflict: 'error' });
  const [arrivals, answers] = [newGates(2), newGates(2)];
  beforeNext('PutItem', 2, (time) => {
    arrivals[time - 1].open();
    return answers[time - 1].opened;
  });
  const { body } = await browser.visit(async (visit) => {
    visit.session.one = 1;
    const first = visit.save();
    await arrivals[0].opened;
    visit.session.two = 2;
    const second = visit.save();
    answers[0].open();
    await Promise.all([first, arrivals[1].opened]);
    visit.session.three = 3;
    const third = visit.save();
    answers[1].open();
    await Promise.all([second, third]);
  });
  expect(browser.failures).toEqual([]);
  expect(await stored(body.sid)).toEqual({ one: 1, two: 2, three: 3 });
});

test('under load, reads and unconditional writes are merged, and no change is lost', async () => {
  const browser = await races.newBrowser({ batchThreshold: 1 });
  const sessions = Array.from({ length: 30 }, () => browser.another());
  const bodies = await Promise.all(
    sessions.map(async (each) => {
      await each.visit(set({ user: 'ann' }));
      const one = await each.begin(set({ cart: 1 }));
      const order = ['other', 'another', 'other', 'another'];
      await play(each, order, { other: set({ token: 'abc' }), another: set({ visits: 2 }) });
      return (await one.end()).body;
    }),
  );
  const operations = new Set(proxy.operations());
  expect([...operations].sort()).toEqual(
    expect.arrayContaining(['BatchGetItem', 'BatchWriteItem', 'PutItem', REFUSED]),
  );
  for (const { sid } of bodies) {
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1, token: 'abc', visits: 2 });
  }
  expect(browser.failures).toEqual([]);
});

test('under load, without conflicts, none is refused', async () => {
  const browser = await races.newBrowser({ batchThreshold: 1, conflict: 'error' });
  const sessions = Array.from({ length: 30 }, () => browser.another());
  await Promise.all(
    sessions.map(async (each) => {
      for (let cart = 1; cart <= 5; cart += 1) await each.visit(set({ cart }));
    }),
  );
  expect(proxy.operations().filter((operation) => operation.includes(' '))).toEqual([]);
  expect(browser.failures).toEqual([]);
});

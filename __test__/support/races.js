'use strict';

/** What every store promises of requests that use one session at the same time. */

const { lastToEnd, ordersOf, overlap, play, startBrowser } = require('./browser');
const { dynamoConfig, getItem, items, newTable } = require('./dynamodb');
const { startProxy } = require('./proxy-dynamodb');

/** The tables that a test works on. */
const real = { getItem, items, newTable };

/**
 * A framework with its store.
 *
 * @typedef {object} Subject
 * @property {string} hashKey of its tables
 * @property {(table: string, options?: object) => any} newStore options: `conflict`, `touchInterval`
 * @property {(store: any, options?: object) => (steps: any) => any} newApp for `startBrowser`
 * @property {(answer: any) => string} sidOf the id of the session that an answer has made
 * @property {(sid: string) => string} id the key of a session's item
 * @property {(item: any) => any} sessionIn what an application has stored in an item
 * @property {boolean} [isText] whether an item has its session as text of JSON
 * @property {object[]} savingOptions of the framework, which decide when it saves or touches a
 *   session that nobody has changed
 * @property {object} touchingOptions of the framework, with which it touches a session that nobody has
 *   changed
 * @property {(milliseconds?: number) => object} lasting options of the framework: the lifetime of sessions;
 *   without, they end with the browser
 * @property {(id: string) => object} withId options of the framework: the id of all new sessions
 * @property {(store: any, sid: string, keys: object) => Promise<void>} setByHand writes a session that
 *   belongs to no request
 * @property {(visit: any, milliseconds: number) => void} setLifetime of the session of a request
 * @property {(item: any) => { lifetime: number, end: number, lag: number }} clockIn an item: the lifetime in
 *   seconds, the end in milliseconds since the Unix epoch, and for how many seconds after that the table
 *   keeps the session
 * @property {boolean} [isSlow] fewer orders are played
 */

/**
 * Browsers on stores of a test file, stopped after each test.
 *
 * @param {Subject} subject
 * @param {typeof real} [place]
 */
function racesOn(subject, place = real) {
  const browsers = [];
  let table;
  beforeAll(async () => {
    table = await place.newTable({ hashKey: subject.hashKey });
  });
  afterEach(() => Promise.all(browsers.splice(0).map((browser) => browser.stop())));

  /** A browser on an app of its own. */
  async function newBrowser(options, appOptions, store = subject.newStore(table, options)) {
    const browser = await startBrowser(subject.newApp(store, appOptions));
    browsers.push(browser);
    return Object.assign(browser, { store });
  }

  /** A browser whose session has these keys, and the session's id. */
  async function newSession(keys, ...how) {
    const browser = await newBrowser(...how);
    return { browser, sid: await renewed(browser, keys) };
  }

  /** Gives a browser a new session, and returns its id. */
  async function renewed(browser, keys) {
    browser.cookies.clear();
    return subject.sidOf(await browser.visit(({ session }) => Object.assign(session, keys)));
  }

  const itemOf = (sid) => place.getItem(table, subject.id(sid), subject.hashKey);

  /** What the table has of a session; `null` where it is gone. */
  async function stored(sid) {
    const item = await itemOf(sid);
    return item ? subject.sessionIn(item) : null;
  }

  return {
    itemOf,
    newBrowser,
    newSession,
    renewed,
    stored,
    get table() {
      return table;
    },
  };
}

/**
 * The same, through a proxy that is started and stopped.
 *
 * @param {(connection: () => object) => Subject} newSubject takes the options of a store that say where
 *   DynamoDB is
 */
function racesByProxy(newSubject) {
  let proxy;
  beforeAll(async () => {
    proxy = await startProxy();
  });
  afterAll(() => proxy.stop());
  beforeEach(() => {
    proxy.operations();
    proxy.hooks.loses = () => false;
  });
  const connection = () => ({
    dynamoConfig: { ...dynamoConfig(), endpoint: proxy.endpoint },
    // Tests have answers get lost, which is no outage.
    breaker: false,
  });
  const races = racesOn(newSubject(connection));
  return {
    ...races,
    get table() {
      return races.table;
    },
    get proxy() {
      return proxy;
    },
    /** The writes since the last call of this, each with its error. */
    writes: () => proxy.operations().filter((operation) => operation.startsWith('PutItem')),
  };
}

/** Two requests: each order in which they can begin and end. */
const two = ordersOf(['one', 'other']);

/**
 * @param {Subject} subject
 * @param {typeof real} [place]
 */
function describeRaces(subject, place = real) {
  const { newBrowser, renewed, stored } = racesOn(subject, place);
  const savingOptions = subject.isSlow ? subject.savingOptions.slice(0, 2) : subject.savingOptions;
  // The others are the same orders with the names exchanged.
  const orders = subject.isSlow ? two.filter(([first]) => first === 'one') : two;

  /** The orders in which one request has read the session before the other has ended it. */
  function readFirst(one, other) {
    const orders = ordersOf([one, other]).filter(
      (order) => order.indexOf(one) < order.lastIndexOf(other),
    );
    return subject.isSlow ? orders.filter((order) => order.at(-1) === one) : orders;
  }

  test('two requests change different keys: both changes are there', async () => {
    const browser = await newBrowser();
    for (const order of orders) {
      const sid = await renewed(browser, { user: 'ann', cart: 0 });
      await play(browser, order, {
        one: ({ session }) => Object.assign(session, { cart: 1 }),
        other: ({ session }) => Object.assign(session, { token: 'abc' }),
      });
      const both = { user: 'ann', cart: 1, token: 'abc' };
      expect({ order, stored: await stored(sid) }).toEqual({ order, stored: both });
    }
    expect(browser.failures).toEqual([]);
  });

  test.each(['merge', 'overwrite'])(
    '%s: of the same key, the last one counts',
    async (conflict) => {
      const browser = await newBrowser({ conflict });
      for (const order of orders) {
        const sid = await renewed(browser, { cart: 0 });
        await play(browser, order, {
          one: ({ session }) => Object.assign(session, { cart: 'one' }),
          other: ({ session }) => Object.assign(session, { cart: 'other' }),
        });
        const last = { cart: lastToEnd(order) };
        expect({ order, stored: await stored(sid) }).toEqual({ order, stored: last });
      }
      expect(browser.failures).toEqual([]);
    },
  );

  test('overwrite: the second to save wins', async () => {
    const browser = await newBrowser({ conflict: 'overwrite' });
    for (const order of orders.filter((each) => overlap(each, 'one', 'other'))) {
      const sid = await renewed(browser, { user: 'ann' });
      await play(browser, order, {
        one: ({ session }) => Object.assign(session, { one: 1 }),
        other: ({ session }) => Object.assign(session, { other: 1 }),
      });
      const last = { user: 'ann', [lastToEnd(order)]: 1 };
      expect({ order, stored: await stored(sid) }).toEqual({ order, stored: last });
    }
  });

  test('error: the second to save is told, and writes nothing', async () => {
    const browser = await newBrowser({ conflict: 'error' });
    for (const order of orders) {
      const sid = await renewed(browser, { user: 'ann' });
      await play(browser, order, {
        one: ({ session }) => Object.assign(session, { one: 1 }),
        other: ({ session }) => Object.assign(session, { other: 1 }),
      });
      const failures = browser.failures.splice(0);
      if (overlap(order, 'one', 'other')) {
        const [, , first] = order;
        expect(failures).toEqual([
          expect.objectContaining({ code: 'ERR_SESSION_CONFLICT', retryable: expect.any(Boolean) }),
        ]);
        expect(await stored(sid)).toEqual({ user: 'ann', [first]: 1 });
      } else {
        expect(failures).toEqual([]);
        expect(await stored(sid)).toEqual({ user: 'ann', one: 1, other: 1 });
      }
    }
  });

  test('one removes a key, the other changes another', async () => {
    const browser = await newBrowser();
    for (const order of orders) {
      const sid = await renewed(browser, { user: 'ann', cart: 0, notice: 'saved' });
      await play(browser, order, {
        one({ session }) {
          delete session.notice;
        },
        other: ({ session }) => Object.assign(session, { cart: 1 }),
      });
      const both = { user: 'ann', cart: 1 };
      expect({ order, stored: await stored(sid) }).toEqual({ order, stored: both });
    }
  });

  describe.each(['merge', 'overwrite', 'error'])('%s:', (conflict) => {
    test.each([
      ['changes the session', ({ session }) => Object.assign(session, { visits: 1 })],
      ['changes nothing', () => {}],
    ])('a view that %s brings back no session that is logged out', async (_what, view) => {
      for (const appOptions of savingOptions) {
        const browser = await newBrowser({ conflict, touchInterval: 0 }, appOptions);
        for (const order of readFirst('view', 'logout')) {
          const sid = await renewed(browser, { user: 'ann' });
          const answers = await play(browser, order, { view, logout: (visit) => visit.logOut() });
          expect(answers.view.status).toBe(200);
          expect({ order, stored: await stored(sid) }).toEqual({ order, stored: null });
        }
        expect(browser.failures).toEqual([]);
      }
    });

    test('a save beside a regenerate brings back no old session', async () => {
      const browser = await newBrowser({ conflict });
      for (const order of readFirst('save', 'login')) {
        const sid = await renewed(browser, { visits: 1 });
        const { save, login } = await play(browser, order, {
          save: ({ session }) => Object.assign(session, { visits: 2 }),
          async login(visit) {
            await visit.regenerate();
            visit.session.user = 'ann';
          },
        });
        expect(save.status).toBe(200);
        expect({ order, stored: await stored(sid) }).toEqual({ order, stored: null });
        expect(subject.sidOf(login)).not.toBe(sid);
        expect(await stored(subject.sidOf(login))).toMatchObject({ user: 'ann' });
      }
      expect(browser.failures).toEqual([]);
    });
  });

  test.each(['merge', 'overwrite', 'error'])(
    '%s: a view that changes nothing undoes nothing',
    async (conflict) => {
      for (const appOptions of savingOptions) {
        const browser = await newBrowser({ conflict, touchInterval: 0 }, appOptions);
        for (const order of readFirst('view', 'change')) {
          const sid = await renewed(browser, { cart: 0 });
          await play(browser, order, {
            view() {},
            change: ({ session }) => Object.assign(session, { cart: 1 }),
          });
          expect({ order, stored: await stored(sid) }).toEqual({ order, stored: { cart: 1 } });
        }
        expect(browser.failures).toEqual([]);
      }
    },
  );

  test('three at once: the changes of all are there', async () => {
    const browser = await newBrowser();
    const all = ordersOf(['one', 'two', 'three']);
    for (const order of subject.isSlow ? all.filter((_, index) => index % 9 === 0) : all) {
      const sid = await renewed(browser, { user: 'ann', cart: 0, notice: 'saved' });
      await play(browser, order, {
        one: ({ session }) => Object.assign(session, { cart: 1 }),
        two: ({ session }) => Object.assign(session, { token: 'abc' }),
        three({ session }) {
          delete session.notice;
        },
      });
      const changed = { user: 'ann', cart: 1, token: 'abc' };
      expect({ order, stored: await stored(sid) }).toEqual({ order, stored: changed });
    }
    expect(browser.failures).toEqual([]);
  });
}

module.exports = { describeRaces, racesByProxy, racesOn, real, two };

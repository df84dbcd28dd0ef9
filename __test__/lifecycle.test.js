'use strict';

/** The events `create`, `destroy` and `expire`, and the warning about short ids. */

const { execFile } = require('node:child_process');
const { randomBytes, randomUUID } = require('node:crypto');
const { promisify } = require('node:util');
const Koa = require('koa');
const session = require('koa-session');
const { DynamoDBStore } = require('..');
const { newTable, seconds, setExpires } = require('./support/dynamodb');
const { during } = require('./support/browser');
const { expressSubject, koaSubject } = require('./support/race-subjects');
const { racesOn } = require('./support/races');
const { storesOf } = require('./support/stores');

const run = promisify(execFile);

/** The events of a store, in their order. */
function eventsOf(store) {
  const seen = [];
  for (const name of ['create', 'destroy', 'expire']) {
    store.on(name, (event) => {
      expect(Object.keys(event)).toEqual(['handle']);
      seen.push([name, event.handle]);
    });
  }
  return seen;
}

/** Resolves once the events of earlier calls were emitted. */
const emitted = () => new Promise(setImmediate);

describe.each([
  ['Express', expressSubject()],
  ['Koa', koaSubject(Koa, session)],
])('%s, over HTTP:', (_name, subject) => {
  const { newBrowser } = racesOn(subject);
  const logIn = (visit) => Object.assign(visit.session, { user: 'ann' });

  test('a session begins once, and ends with the logout', async () => {
    const browser = await newBrowser();
    const seen = eventsOf(browser.store);
    await browser.visit(logIn);
    await browser.visit(logIn);
    await during(
      browser,
      (visit) => Object.assign(visit.session, { one: 1 }),
      () => browser.visit((visit) => Object.assign(visit.session, { other: 1 })),
    );
    await emitted();
    expect(seen).toEqual([['create', expect.stringMatching(/^[\w-]{22}$/)]]);
    const [[, handle]] = seen;
    await browser.visit((visit) => visit.logOut());
    await emitted();
    expect(seen.slice(1)).toEqual([['destroy', handle]]);
    expect(browser.failures).toEqual([]);
  });

  test('a login that makes the session anew', async () => {
    const browser = await newBrowser();
    const seen = eventsOf(browser.store);
    await browser.visit((visit) => Object.assign(visit.session, { cart: 1 }));
    await browser.visit(async (visit) => {
      await visit.regenerate();
      logIn(visit);
    });
    await emitted();
    expect(seen.map(([name]) => name)).toEqual(['create', 'destroy', 'create']);
    expect(seen[0][1]).toBe(seen[1][1]);
    expect(seen[0][1]).not.toBe(seen[2][1]);
  });
});

describe('a store by hand:', () => {
  const { newStore } = storesOf(DynamoDBStore, { initialized: true });
  let table;
  beforeAll(async () => {
    table = await newTable();
  });
  const cookie = () => ({ maxAge: 60_000 });
  const newSid = () => randomUUID();

  test('a visit of an ended session, and reap', async () => {
    const store = newStore({ table, prefix: `${randomUUID()}:` });
    const seen = eventsOf(store);
    const [visited, left, alive] = [newSid(), newSid(), newSid()];
    for (const sid of [visited, left, alive]) await store.set(sid, { cookie: cookie() });
    for (const sid of [visited, left]) await setExpires(table, store.prefix + sid, seconds() - 10);
    expect(await store.get(visited)).toBeNull();
    expect(await store.get('missing')).toBeNull();
    await emitted();
    expect(seen.map(([name]) => name)).toEqual(['expire']);
    expect(await store.reap()).toBe(2);
    await emitted();
    expect(seen.map(([name]) => name)).toEqual(['expire', 'expire', 'expire']);
    expect(new Set(seen.map(([, handle]) => handle)).size).toBe(2);
    await store.clear();
    await emitted();
    expect(seen.at(-1)[0]).toBe('destroy');
    expect(seen).toHaveLength(4);
  });

  test('the handles are those of sessionsOf, and destroyOf reports each session', async () => {
    const indexes = { user: { value: 'user' } };
    const store = newStore({
      initialized: false,
      table: `indexed-${randomUUID()}`,
      payPerRequest: true,
      indexes,
    });
    const seen = eventsOf(store);
    for (let count = 0; count < 3; count += 1)
      await store.set(newSid(), { cookie: cookie(), user: 'ann' });
    const handles = (await store.sessionsOf('user', 'ann')).map(({ handle }) => handle);
    expect(await store.destroyOf('user', 'ann')).toBe(3);
    await emitted();
    expect(seen.map(([name]) => name)).toEqual(['destroy', 'destroy', 'destroy']);
    expect(seen.map(([, handle]) => handle).toSorted()).toEqual(handles.toSorted());
  });

  test('an error that a listener throws reaches no call', async () => {
    const program = `
      const { DynamoDBStore } = require('..');
      const { dynamoConfig } = require('./support/dynamodb');
      const options = { table: '${table}', initialized: true, dynamoConfig: dynamoConfig() };
      const store = new DynamoDBStore(options);
      process.on('uncaughtException', ({ message }) => console.log('uncaught', message));
      store.on('destroy', () => {
        throw new Error('the listener has failed');
      });
      store.destroy('sid').then(() => console.log('destroyed')).then(() => store.close());`;
    const { stdout } = await run(process.execPath, ['-e', program], { cwd: __dirname });
    expect(stdout.trim().split('\n').sort()).toEqual([
      'destroyed',
      'uncaught the listener has failed',
    ]);
  });
});

describe('short ids:', () => {
  const subject = expressSubject();
  const { newBrowser } = racesOn(subject);

  /** The warnings of a store for which the framework makes this id. */
  async function warningsFor(sid) {
    const browser = await newBrowser({}, subject.withId(sid));
    const warnings = [];
    browser.store.on('warning', (warning) => warnings.push(warning));
    await browser.visit((visit) => Object.assign(visit.session, { user: 'ann' }));
    await emitted();
    return warnings;
  }

  test.each([
    ['hex', randomBytes(16).toString('hex')],
    ['base64url', randomBytes(16).toString('base64url')],
    ['base64url with hyphens', '-'.repeat(22)],
    ['a UUID', randomUUID()],
    ['express-session', randomBytes(24).toString('base64url')],
    ['digits', '1'.repeat(39)],
  ])('%s: long enough', async (_name, sid) => {
    expect(await warningsFor(sid)).toEqual([]);
  });

  test('a short one is reported once in a process, without the id', async () => {
    const [warning, ...more] = await warningsFor('4711081512345678');
    expect(more).toEqual([]);
    expect(warning).toMatchObject({
      code: 'ERR_SESSION_SHORT_ID',
      message:
        'a session id has at most 53 bits, so it may be guessed: let the framework make ids, or make them of at ' +
        'least 128 random bits',
    });
  });
});

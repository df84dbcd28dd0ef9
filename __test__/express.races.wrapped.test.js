'use strict';

/** Sessions that an application has wrapped, in requests that use one session at the same time. */

const { createCipheriv, createDecipheriv, randomBytes } = require('node:crypto');
const { Cookie } = require('express-session');
const { DynamoDBStore } = require('..');
const { during } = require('./support/browser');
const { dynamoConfig } = require('./support/dynamodb');
const { expressSubject } = require('./support/race-subjects');
const { racesOn } = require('./support/races');

const CONFLICTS = ['merge', 'overwrite', 'error'];

/** Changes of a session. */
const set = (keys) => (visit) => Object.assign(visit.session, keys);

/** A subject whose store has what `get` has read, and what `set` is to write, pass these functions. */
const subjectWith = ({ read = (session) => session, written = (session) => session }) => ({
  ...expressSubject(),
  newStore(table, options) {
    class OwnStore extends DynamoDBStore {
      get(sid, callback) {
        super.get(sid, (error, session) => callback(error, session && read(session)));
      }

      set(sid, session, callback) {
        super.set(sid, written(session), callback);
      }
    }
    return new OwnStore({ table, initialized: true, dynamoConfig: dynamoConfig(), ...options });
  },
});

const copy = (session) => ({ ...session });
const key = randomBytes(32);

/** A session with all but its cookie encrypted in one key. */
function encrypt({ cookie, ...session }) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const secret = [nonce, cipher.update(JSON.stringify(session)), cipher.final()];
  return {
    cookie,
    secret: Buffer.concat([...secret, cipher.getAuthTag()]).toString('base64'),
  };
}

function decrypt({ cookie, secret }) {
  const bytes = Buffer.from(secret, 'base64');
  const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12));
  cipher.setAuthTag(bytes.subarray(-16));
  const session = Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()]);
  return { cookie, ...JSON.parse(session.toString()) };
}

const encrypting = subjectWith({ read: decrypt, written: encrypt });

/** What a page does to its session before it uses it. */
const asItIs = () => {};
const proxied = (visit) => {
  visit.session = new Proxy(visit.session, {});
};

const wrappings = [
  ['the session of the request is a Proxy', expressSubject(), proxied],
  ['get() gives a copy', subjectWith({ read: copy }), asItIs],
  ['set() passes a copy', subjectWith({ written: copy }), asItIs],
  ['get() and set() copy', subjectWith({ read: copy, written: copy }), asItIs],
  ['get() and set() copy, and the session is a Proxy', subjectWith({ read: copy }), proxied],
];

/** The warnings that a store emits from now on. */
function warningsOf({ store }) {
  const warnings = [];
  store.on('warning', (warning) => warnings.push(warning));
  return warnings;
}

describe.each([...wrappings, ['get() and set() encrypt', encrypting, asItIs]])(
  '%s:',
  (_how, subject, wrap) => {
    const { itemOf, newSession, stored } = racesOn(subject);
    const page = (change) => (visit) => {
      wrap(visit);
      return change(visit);
    };

    test.each(CONFLICTS)('%s: a logout holds while a page is loading', async (conflict) => {
      for (const change of [set({ cart: 1 }), () => {}]) {
        const { browser, sid } = await newSession({ user: 'ann' }, { conflict, touchInterval: 0 });
        const warnings = warningsOf(browser);
        await during(browser, page(change), () => browser.visit((visit) => visit.logOut()));
        expect(await stored(sid)).toBeNull();
        expect(browser.failures).toEqual([]);
        expect(warnings).toEqual([]);
      }
    });

    test('a logout holds between two saves of a page', async () => {
      const { browser, sid } = await newSession({ user: 'ann' });
      await browser.visit(
        page(async (visit) => {
          visit.session.cart = 1;
          await visit.save();
          await browser.visit((other) => other.logOut());
          visit.session.cart = 2;
          await visit.save();
        }),
      );
      expect(await stored(sid)).toBeNull();
    });

    test('error: a change by another request is a conflict', async () => {
      const { browser, sid } = await newSession({ user: 'ann' }, { conflict: 'error' });
      let between;
      await during(browser, page(set({ cart: 1 })), async () => {
        await browser.visit(set({ token: 'abc' }));
        between = await itemOf(sid);
      });
      expect(browser.failures).toEqual([expect.objectContaining({ code: 'ERR_SESSION_CONFLICT' })]);
      expect(await itemOf(sid)).toEqual(between);
    });

    test('error: the saves of one page are no conflict', async () => {
      const { browser } = await newSession({ user: 'ann' }, { conflict: 'error' });
      await browser.visit(
        page(async (visit) => {
          for (const cart of [1, 2]) {
            visit.session.cart = cart;
            await visit.save();
          }
          visit.session.cart = 3;
        }),
      );
      expect(browser.failures).toEqual([]);
      expect((await browser.visit()).body.session).toMatchObject({ user: 'ann', cart: 3 });
    });
  },
);

describe.each(wrappings)('%s:', (_how, subject, wrap) => {
  const { itemOf, newSession, stored } = racesOn(subject);

  test('two requests change different keys: both changes are there', async () => {
    const { browser, sid } = await newSession({ user: 'ann' });
    const change = (visit) => {
      wrap(visit);
      visit.session.cart = 1;
    };
    await during(browser, change, () => browser.visit(set({ token: 'abc' })));
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 1, token: 'abc' });
  });

  test('a page that changes nothing writes nothing, with resave too', async () => {
    const { browser, sid } = await newSession({ user: 'ann' }, {}, { resave: true });
    const before = await itemOf(sid);
    await browser.visit(wrap);
    expect(await itemOf(sid)).toEqual(before);
  });
});

describe('a store whose copies have a copied cookie', () => {
  const deepCopy = (session) => JSON.parse(JSON.stringify(session));

  describe.each([
    ['get()', subjectWith({ read: deepCopy })],
    ['set()', subjectWith({ written: deepCopy })],
    ['get() and set()', subjectWith({ read: deepCopy, written: deepCopy })],
  ])('in %s', (_where, subject) => {
    const { newBrowser, newSession, stored } = racesOn(subject);

    test('warns once, however many requests there are', async () => {
      const { browser } = await newSession({ user: 'ann' });
      const warnings = warningsOf(browser);
      const others = await newBrowser();
      const othersWarnings = warningsOf(others);
      for (let cart = 1; cart <= 3; cart += 1) {
        await browser.visit(set({ cart }));
        await others.visit(set({ cart }));
      }
      for (const each of [warnings, othersWarnings]) {
        expect(each).toEqual([expect.objectContaining({ code: 'ERR_SESSION_COPY' })]);
        expect(each[0]).toBeInstanceOf(Error);
      }
    });

    test('writes the session whatever is there', async () => {
      const { browser, sid } = await newSession({ user: 'ann' }, { conflict: 'error' });
      browser.store.on('warning', () => {});
      await during(browser, set({ cart: 1 }), () => browser.visit(set({ token: 'abc' })));
      expect(browser.failures).toEqual([]);
      expect(await stored(sid)).toEqual({ user: 'ann', cart: 1 });
    });
  });
});

/** A Proxy of an object, and of all that is in it. */
function deepProxy(object) {
  const get = (target, name) => {
    const value = Reflect.get(target, name);
    const { configurable = true } = Reflect.getOwnPropertyDescriptor(target, name) ?? {};
    return configurable && typeof value === 'object' && value ? deepProxy(value) : value;
  };
  return new Proxy(object, { get });
}

describe('a Proxy that gives the cookie in a Proxy', () => {
  const { newSession, stored } = racesOn(expressSubject());

  test('is warned of once', async () => {
    const { browser, sid } = await newSession({ user: 'ann' });
    const warnings = warningsOf(browser);
    for (const cart of [1, 2]) {
      await browser.visit((visit) => {
        visit.session = deepProxy(visit.session);
        visit.session.cart = cart;
      });
    }
    expect(await stored(sid)).toEqual({ user: 'ann', cart: 2 });
    expect(warnings).toEqual([expect.objectContaining({ code: 'ERR_SESSION_COPY' })]);
    expect(warnings[0].message).toContain('Proxy');
  });
});

describe('no copy, and no warning:', () => {
  const { newSession, stored } = racesOn(expressSubject());

  /** A browser with a session, the session's id, and the warnings of the store. */
  async function newVisitor() {
    const { browser, sid } = await newSession({ user: 'ann' });
    await browser.visit(set({ visits: 1 }));
    return { browser, sid, warnings: warningsOf(browser) };
  }

  test('a session that is destroyed and saved by hand in the same request is stored', async () => {
    const { browser, sid, warnings } = await newVisitor();
    await browser.visit(async (visit) => {
      const { session } = visit;
      session.cart = 1;
      await visit.logOut();
      const save = () =>
        new Promise((resolve, reject) => {
          session.save((error) => (error ? reject(error) : resolve(undefined)));
        });
      await save();
      expect(await stored(sid)).toEqual({ user: 'ann', visits: 1, cart: 1 });
      session.cart = 2;
      await save();
    });
    expect(await stored(sid)).toEqual({ user: 'ann', visits: 1, cart: 2 });
    expect(warnings).toEqual([]);
  });

  test('a session that the store has read, and that is saved by hand', async () => {
    const { browser, sid, warnings } = await newVisitor();
    await browser.visit(async ({ store }) => {
      const session = await store.get(sid);
      await store.set(sid, { ...session, role: 'editor' });
      await store.touch(sid, session);
    });
    expect(await stored(sid)).toMatchObject({ role: 'editor' });
    expect(warnings).toEqual([]);
  });

  test('a session that is destroyed by hand, and made again by hand', async () => {
    const { browser, sid, warnings } = await newVisitor();
    await browser.store.destroy(sid);
    await browser.store.set(sid, { cookie: {}, user: 'ann' });
    expect(await stored(sid)).toEqual({ user: 'ann' });
    expect(warnings).toEqual([]);
  });

  test('a new session in a Proxy', async () => {
    const { browser, sid, warnings } = await newVisitor();
    browser.cookies.clear();
    const { body } = await browser.visit(async (visit) => {
      proxied(visit);
      visit.session.cart = 1;
      await visit.save();
      await browser.store.destroy(visit.sid);
      visit.session.cart = 2;
    });
    expect(body.sid).not.toBe(sid);
    expect(await stored(body.sid)).toBeNull();
    expect(warnings).toEqual([]);
  });

  test('a session with another cookie is still that of its request', async () => {
    const { browser, sid, warnings } = await newVisitor();
    const change = ({ session }) => {
      session.cookie = new Cookie({ maxAge: 60_000 });
      session.cart = 1;
    };
    await during(browser, change, () => browser.visit((visit) => visit.logOut()));
    expect(await stored(sid)).toBeNull();
    expect(warnings).toEqual([]);
  });
});

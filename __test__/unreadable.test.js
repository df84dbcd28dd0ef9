'use strict';

/**
 * Items that cannot be read, which are the failure of those calls alone that ask for them; and text that
 * is not well-formed Unicode, which can be read.
 */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { getItem, newTable, putItem, seconds } = require('./support/dynamodb');
const { newKoaTable } = require('./support/koa-table');
const { failure } = require('./support/outages');
const { newStorageAndTable, newStore: newShopifyStore, shop } = require('./support/shopify');
const { storesOf } = require('./support/stores');
const { ways } = require('./support/ways');

const { keep, newStub } = storesOf(DynamoDBStore);

const newStore = (options) => keep(new DynamoDBStore({ initialized: true, ...options }));
const newKoaStore = (options) => keep(new KoaStore(options));

/** A value without a type, which no SDK can read. */
const NO_VALUE = {};

const later = () => ({ N: String(seconds() + 3600) });

/** The items of express sessions, of which `bad` cannot be read. */
const expressItems = () => [
  ...['ann', 'bob', 'cat'].map((sid) => expressItem(sid, { S: `{"user":"${sid}"}` })),
  expressItem('bad', NO_VALUE),
];

const expressItem = (sid, sess) => ({
  id: { S: `sess:${sid}` },
  expires: later(),
  type: { S: 'connect-session' },
  sess,
});

/** A DynamoDB on HTTP with these items, which it keeps in memory; its address is `endpoint`. */
async function newMemory(items, hashKey = 'id') {
  const idOf = (attributes) => attributes[hashKey].S;
  const table = new Map(items.map((item) => [idOf(item), item]));
  const found = (keys) => keys.flatMap((key) => table.get(idOf(key)) ?? []);
  const answers = {
    GetItem: ({ Key }) => ({ Item: found([Key])[0] }),
    PutItem: ({ Item }) => void table.set(idOf(Item), Item),
    DeleteItem: ({ Key }) => void table.delete(idOf(Key)),
    Scan: () => ({ Items: [...table.values()], Count: table.size }),
    Query: () => ({ Items: [...table.keys()].map((id) => ({ [hashKey]: { S: id } })) }),
    BatchGetItem: ({ RequestItems }) => {
      const [[name, { Keys }]] = Object.entries(RequestItems);
      return { Responses: { [name]: found(Keys) } };
    },
    BatchWriteItem: ({ RequestItems }) => {
      for (const { PutRequest, DeleteRequest } of Object.values(RequestItems).flat()) {
        if (PutRequest) answers.PutItem(PutRequest);
        else answers.DeleteItem(DeleteRequest);
      }
    },
  };
  const { stub } = await newStub(({ operation, body }) => ({
    body: answers[operation](body) ?? {},
  }));
  return { table, stub, endpoint: stub.endpoint };
}

const refusal = { code: 'ERR_SESSION_VALUE', name: 'SessionStoreError', retryable: false };

describe.each([
  'with dynamoConfig',
  'through a client of aws-sdk v3',
  'through a client of aws-sdk v2',
])('%s', (way) => {
  const options = ways[way];

  describe('a session that cannot be read', () => {
    test('is an error of its own, which quotes nothing, until a set replaces it', async () => {
      const { endpoint } = await newMemory(expressItems());
      const store = newStore(options(endpoint));
      for (let call = 0; call < 3; call += 1) {
        const error = await failure(store.get('bad'));
        expect(error).toMatchObject(refusal);
        expect(error.message).not.toMatch(/bad|user/);
      }
      await store.set('bad', { cookie: {}, user: 'eve' });
      expect(await store.get('bad')).toMatchObject({ user: 'eve' });
    });

    test('fails nobody who polls another one', async () => {
      const { endpoint } = await newMemory(expressItems());
      const store = newStore({ ...options(endpoint), batchThreshold: 1 });
      const sids = ['ann', 'bad', 'bob', 'cat', 'gone'];
      for (let round = 0; round < 20; round += 1) {
        const polls = Array.from({ length: 50 }, (_, poll) => sids[poll % sids.length]);
        const outcomes = await Promise.allSettled(polls.map((sid) => store.get(sid)));
        for (const [poll, { value, reason }] of outcomes.entries()) {
          const sid = polls[poll];
          if (sid === 'bad') expect(reason).toMatchObject(refusal);
          else expect(value).toEqual(sid === 'gone' ? null : { user: sid });
        }
      }
    });

    test('is left out of lists, and by clear() and reap()', async () => {
      const { table, endpoint } = await newMemory(expressItems());
      const store = newStore(options(endpoint));
      expect((await store.all()).map(({ user }) => user)).toEqual(['ann', 'bob', 'cat']);
      expect(await store.ids()).toEqual(['ann', 'bob', 'cat']);
      expect(await store.length()).toBe(3);
      table.get('sess:bob').expires = { N: '1' };
      await store.reap();
      expect([...table.keys()]).toEqual(['sess:ann', 'sess:cat', 'sess:bad']);
      await store.clear();
      expect([...table.keys()]).toEqual(['sess:bad']);
    });

    test('koa: is an error of its own', async () => {
      const item = (sid, session) => ({ sessionId: { S: sid }, expires: later(), session });
      const items = [
        item('ann', { M: { user: { S: 'ann' } } }),
        item('bad', { M: { user: NO_VALUE } }),
      ];
      const { endpoint } = await newMemory(items, 'sessionId');
      const store = newKoaStore({ ...options(endpoint), batchThreshold: 1 });
      const [ann, bad] = await Promise.allSettled([store.get('ann'), store.get('bad')]);
      expect(ann.value).toEqual({ user: 'ann' });
      expect(bad.reason).toMatchObject(refusal);
      await store.set('bad', { user: 'eve' });
      expect(await store.get('bad')).toEqual({ user: 'eve' });
    });

    test('shopify: is an error of its own, and not among those of its shop', async () => {
      const item = (id, more) => ({ id: { S: id }, shop: { S: shop }, state: { S: '' }, ...more });
      const { endpoint } = await newMemory([item('one'), item('bad', { scope: NO_VALUE })]);
      const storage = newShopifyStore(options(endpoint));
      expect(await failure(storage.loadSession('bad'))).toMatchObject(refusal);
      const found = await storage.findSessionsByShop(shop);
      expect(found.map(({ id }) => id)).toEqual(['one']);
      await storage.storeSession({ id: 'bad', shop, state: '', isOnline: false });
      expect(await storage.findSessionsByShop(shop)).toHaveLength(2);
    });
  });

  describe('half a surrogate pair is read as U+FFFD:', () => {
    const endpoint = process.env.DYNAMODB_ENDPOINT;

    test('koa', async () => {
      const table = await newKoaTable();
      const M = { name: { S: 'x\ud83d' }, '\ude00': { L: [{ S: '\ude00\ud83d😀' }] } };
      await putItem(table, { sessionId: { S: 'a' }, expires: later(), session: { M } });
      const store = newKoaStore({
        ...options(endpoint),
        table: { name: table },
        batchThreshold: 1,
      });
      const session = { name: 'x\ufffd', '\ufffd': ['\ufffd\ufffd😀'] };
      for (let call = 0; call < 3; call += 1) expect(await store.get('a')).toEqual(session);
      const both = await Promise.all([store.get('a'), store.get('b')]);
      expect(both).toEqual([session, undefined]);
    });

    test.each(['merge', 'error', 'overwrite'])('koa, and %s saves it', async (conflict) => {
      const table = await newKoaTable();
      // As koa-session-dynamodb-store has written it.
      const session = { M: { name: { S: 'x\ud83d' }, visits: { N: '1' } } };
      await putItem(table, { sessionId: { S: 'a' }, expires: later(), session });
      const store = newKoaStore({ ...options(endpoint), table: { name: table }, conflict });
      const ctx = {};
      const read = await store.get('a', 3_600_000, { ctx });
      await store.set('a', { ...read, visits: 2 }, 3_600_000, { ctx, changed: true });
      const item = await getItem(table, 'a', 'sessionId');
      expect(item.session.M).toEqual({ name: { S: 'x\ufffd' }, visits: { N: '2' } });
    });

    test('express, in a special key', async () => {
      const table = await newTable();
      const item = expressItem('ann', { S: '{"user":"x\\ud83d","cookie":{}}' });
      await putItem(table, { ...item, user: { S: 'x\ud83d' } });
      const store = newStore({ ...options(endpoint), table });
      // The session itself is JSON, which holds it.
      expect(await store.get('ann')).toEqual({ cookie: {}, user: 'x\ud83d' });
      expect(await store.all()).toEqual([{ cookie: {}, user: 'x\ud83d', id: 'ann' }]);
    });

    test('shopify', async () => {
      const { table } = await newStorageAndTable();
      const item = { id: { S: 'one' }, shop: { S: shop }, isOnline: { BOOL: false } };
      await putItem(table, { ...item, state: { S: '\ud83d' } });
      const storage = newShopifyStore({ ...options(endpoint), sessionTableName: table });
      expect(await storage.loadSession('one')).toMatchObject({ state: '\ufffd' });
      expect(await storage.findSessionsByShop(shop)).toMatchObject([{ state: '\ufffd' }]);
    });
  });
});

test('DynamoDB has answered, so a session that cannot be read is no outage', async () => {
  const { endpoint } = await newMemory(expressItems());
  const store = newStore(ways['with dynamoConfig'](endpoint));
  let outages = 0;
  store.on('unavailable', () => {
    outages += 1;
  });
  // An outage begins after half a second without an answer.
  for (const start = Date.now(); Date.now() - start < 700; ) {
    expect(await failure(store.get('bad'))).toMatchObject(refusal);
  }
  expect(outages).toBe(0);
  expect(await store.get('ann')).toEqual({ user: 'ann' });
});

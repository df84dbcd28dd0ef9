'use strict';

/** `sessions()` of Shopify's storage: the whole table, with items that the replaced package has written. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { Session } = require('@shopify/shopify-api');
const {
  DynamoDBSessionStorage: Published,
} = require('@shopify/shopify-app-session-storage-dynamodb');
const { credentials, items, putItem, region } = require('./support/dynamodb');
const { newStorageAndTable, newStore, offline } = require('./support/shopify');
const { v3 } = require('./support/ways');

/** The sessions of `count` shops, an offline and an online one each. Some of their tokens have expired. */
const sessionsOf = (count, size = 10) =>
  Array.from({ length: count }, (_, number) => {
    const shop = `shop-${number}.myshopify.com`;
    const scope = 'x'.repeat(size);
    const expires = new Date(Date.now() + (number % 2 === 0 ? 1 : -1) * 86_400_000);
    return [
      offline({ id: `offline_${shop}`, shop, scope }),
      offline({ id: `online_${number}`, shop, scope, isOnline: true, expires }),
    ];
  }).flat();

/** Writes sessions by the published package. */
async function publish(table, sessions) {
  const endpoint = process.env.DYNAMODB_ENDPOINT;
  const config = { endpoint, region, credentials: { ...credentials } };
  const theirs = new Published({ sessionTableName: table, config });
  await Promise.all(sessions.map((session) => theirs.storeSession(session)));
}

/** Items of other applications in the same table. */
async function putForeign(table) {
  await putItem(table, { id: { S: 'job:1' }, shop: { S: 'shop-1.myshopify.com' } });
  await putItem(table, { id: { S: 'job:2' }, isOnline: { BOOL: true }, ttl: { N: '1' } });
  await putItem(table, { id: { S: 'job:4' }, shop: { S: 'x' }, isOnline: { S: 'yes' } });
}

/** Takes all of an iteration. */
async function taken(sessions) {
  const all = [];
  for await (const session of sessions) all.push(session);
  return all;
}

const idsOf = (found) => found.map(({ id, sid = id }) => sid).sort();

test.each([
  ['natively', () => ({})],
  ['with expiresTtl', () => ({ expiresTtl: 'ttl' })],
  [
    'through a client',
    () => ({
      dynamoConfig: undefined,
      client: v3(process.env.DYNAMODB_ENDPOINT),
      transport: 'client',
    }),
  ],
])('%s: all sessions are read, in segments and with a limit', async (_name, options) => {
  const { table } = await newStorageAndTable();
  const sessions = sessionsOf(30);
  await publish(table, sessions);
  await putForeign(table);
  const storage = newStore({ sessionTableName: table, ...options() });
  for (const how of [undefined, { segments: 7 }, { segments: 3, capacityPerSecond: 1000 }]) {
    const found = await taken(storage.sessions(how));
    expect(idsOf(found)).toEqual(idsOf(sessions));
    for (const { sid, session, ...rest } of found) {
      expect(rest).toEqual({});
      expect(session).toBeInstanceOf(Session);
      expect(session.equals(sessions.find(({ id }) => id === sid))).toBe(true);
    }
  }
});

test('encrypted and compressed sessions are read, together with plain ones', async () => {
  const { storage, table } = await newStorageAndTable({
    encryption: { keys: [Buffer.alloc(32, 7)] },
  });
  const [first, ...others] = sessionsOf(3);
  await storage.storeSession(first);
  await publish(table, others);
  expect((await items(table))[first.id]._s.B).toBeDefined();
  const found = await taken(storage.sessions());
  expect(idsOf(found)).toEqual(idsOf([first, ...others]));
});

test('progress has a token, with which another storage goes on', async () => {
  const { storage, table } = await newStorageAndTable();
  const sessions = sessionsOf(40, 60_000);
  await publish(table, sessions);
  const seen = [];
  storage.on('progress', (progress) => seen.push(progress));
  const first = [];
  for await (const { sid } of storage.sessions({ segments: 2 })) {
    // The first page is done once a session of the next one is given.
    if (seen.length > 0) break;
    first.push(sid);
  }
  expect(seen[0]).toMatchObject({ operation: 'sessions', segments: 2, deleted: 0 });
  expect(seen[0].read).toBe(first.length);
  expect(seen[0].capacity).toBeGreaterThan(0);
  expect(JSON.stringify(seen[0])).not.toContain('myshopify');
  const { resume } = seen[0];
  const rest = await taken(newStore({ sessionTableName: table }).sessions({ resume }));
  expect([...first, ...idsOf(rest)].sort()).toEqual(idsOf(sessions));
});

test('a signal ends the reading, and wrong options are named', async () => {
  const { storage, table } = await newStorageAndTable();
  await publish(table, sessionsOf(2));
  const controller = new AbortController();
  const reading = storage.sessions({ signal: controller.signal });
  expect((await reading.next()).value.session.shop).toMatch(/myshopify/);
  controller.abort();
  await expect(reading.next()).rejects.toMatchObject({ name: 'AbortError' });
  expect(() => storage.sessions({ segments: 0 })).toThrow(/"segments"/);
  expect(() => storage.sessions({ limit: 5 })).toThrow(/"limit"/);
  await storage.close();
  await expect(storage.sessions().next()).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' });
});

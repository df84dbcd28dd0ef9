'use strict';

/** The command `migrate`: from the items of the replaced packages, and between the options of this package. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { awsEnvironment, command } = require('./support/command');
const { DAY } = require('./support/contract');
const {
  credentials,
  describeTable,
  dynamoConfig,
  getItem,
  items,
  newClient,
  newTable,
  putItem,
  region,
  seconds,
} = require('./support/dynamodb');
const { startProxy } = require('./support/proxy-dynamodb');
const { newStorageAndTable, offline, shop } = require('./support/shopify');
const { refusal } = require('./support/stub-dynamodb');

Object.assign(process.env, awsEnvironment);

const KEY = 'k'.repeat(43);
const SECRET = 's'.repeat(40);

let folder;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-migrate-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const stores = [];
afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));
const expressStore = (table, options) => {
  const store = new DynamoDBStore({ table, dynamoConfig: dynamoConfig(), ...options });
  stores.push(store);
  return store;
};

const newSession = (data) => ({
  cookie: { path: '/', originalMaxAge: DAY, expires: new Date(Date.now() + DAY), httpOnly: true },
  ...data,
});

const DATA = { user: 'ann', list: [1, null, { a: '✓' }], text: 'x'.repeat(2000) };

describe('from connect-dynamodb', () => {
  const session = require('express-session');
  const published = {
    '2.0.6': (table) => {
      const AWS = require('aws-sdk');
      const client = new AWS.DynamoDB({
        endpoint: process.env.DYNAMODB_ENDPOINT,
        region,
        credentials: new AWS.Credentials(credentials),
      });
      return new (require('connect-dynamodb-2')(session))({ client, table });
    },
    '3.0.5': (table) =>
      new (require('connect-dynamodb')(session))({ client: newClient(), table, initialized: true }),
  };

  test.each(Object.entries(published))('%s', async (_version, open) => {
    const [table, copy] = [await newTable(), await newTable()];
    const theirs = open(table);
    const set = promisify(theirs.set.bind(theirs));
    await set('theirs', newSession(DATA));
    await set('ended', newSession({}));
    const ended = await getItem(table, 'sess:ended');
    await putItem(table, { ...ended, expires: { N: String(seconds() - 5) } });

    // To another table, with another prefix and compressed.
    const to = `--from-table ${table} --to-table ${copy} --to-prefix app: --to-compress`;
    expect((await command(`migrate ${to} --dry-run`)).out).toBe('Would move 1 session.\n');
    expect(await items(copy)).toEqual({});
    expect((await command(`migrate ${to} --yes --json`)).json).toEqual({ moved: 1 });
    const { ids, item } = await items(copy).then((all) => ({
      ids: Object.keys(all),
      item: Object.values(all)[0],
    }));
    expect(ids).toEqual(['app:theirs']);
    expect(item.sess.B).toBeDefined();
    const before = await expressStore(table).get('theirs');
    expect(await expressStore(copy, { prefix: 'app:' }).get('theirs')).toEqual(before);
    expect(before).toMatchObject(DATA);

    // In place: encrypted, then with hashed ids.
    const env = { DYNAMO_SESSION_STORE_ENCRYPTION_KEYS: KEY };
    expect((await command(`migrate --table ${table} --yes --json`, { env })).json).toEqual({
      moved: 1,
    });
    expect((await getItem(table, 'sess:theirs')).sess.B).toBeDefined();
    const encryption = { keys: [KEY] };
    expect(await expressStore(table, { encryption }).get('theirs')).toEqual(before);
    env.DYNAMO_SESSION_STORE_ID_SECRETS = SECRET;
    expect((await command(`migrate --table ${table} --yes`, { env })).out).toBe(
      'Moved 1 session.\n',
    );
    const keys = Object.keys(await items(table)).sort();
    expect(keys).toEqual(['sess:ended', expect.stringMatching(/^sess:h1:/)]);
    const hashed = expressStore(table, { encryption, hashIds: { secret: SECRET } });
    expect(await hashed.get('theirs')).toEqual(before);
    const again = await command(`migrate --table ${table} --yes --json`, { env });
    expect(again.json).toEqual({ hashed: 1 });
  });
});

test('from koa-session-dynamodb-store', async () => {
  const PublishedStore = require('koa-session-dynamodb-store');
  const [name, copy] = [
    await newTable({ hashKey: 'sessionId' }),
    await newTable({ hashKey: 'sid' }),
  ];
  const theirs = new PublishedStore({ table: { name }, dynamoConfig: dynamoConfig() });
  const session = {
    user: 'ann',
    bytes: Buffer.from([0, 255]),
    numbers: [1e21, -1.5],
    _expire: Date.now() + DAY,
    _maxAge: DAY,
  };
  await theirs.set('theirs', session, DAY + 10_000);
  const to = `--store koa --from-table ${name} --to-table ${copy} --to-hash-key sid --to-index user=user`;
  expect((await command(`migrate ${to} --yes --json`)).json).toEqual({ moved: 1 });
  const own = { dynamoConfig: dynamoConfig(), indexes: { user: { value: 'user' } } };
  const ours = new KoaStore({ table: { name: copy, hashKey: 'sid' }, ...own });
  stores.push(ours);
  expect(await ours.get('theirs')).toEqual(session);
  const [before, after] = [
    await getItem(name, 'theirs', 'sessionId'),
    await getItem(copy, 'theirs', 'sid'),
  ];
  expect(after.expires).toEqual(before.expires);
  expect(after.user).toEqual({ S: 'ann' });
  // In place, encrypted.
  const env = { DYNAMO_SESSION_STORE_ENCRYPTION_KEYS: KEY };
  expect((await command(`migrate --store koa --table ${name} --yes`, { env })).code).toBe(0);
  expect((await getItem(name, 'theirs', 'sessionId')).session.B).toBeDefined();
});

test('from Shopify’s session storage', async () => {
  const {
    DynamoDBSessionStorage: Published,
  } = require('@shopify/shopify-app-session-storage-dynamodb');
  const [from, to] = [await newStorageAndTable(), await newStorageAndTable()];
  const config = {
    endpoint: process.env.DYNAMODB_ENDPOINT,
    region,
    credentials: { ...credentials },
  };
  const theirs = new Published({ sessionTableName: from.table, config });
  const session = offline({
    accessToken: 'shop-token',
    scope: 'a,b',
    expires: new Date(Date.now() + DAY),
  });
  await theirs.storeSession(session);
  const where = `--store shopify --from-table ${from.table} --to-table ${to.table} --to-expires-attribute ttl`;
  const other = await command(`migrate ${where} --shop other.myshopify.com --yes --json`);
  expect(other.json).toEqual({});
  expect((await command(`migrate ${where} --shop ${shop} --yes --json`)).json).toEqual({
    moved: 1,
  });
  expect((await to.storage.loadSession(session.id)).equals(session)).toBe(true);
  expect((await getItem(to.table, session.id)).ttl).toBeDefined();
  const listed = await command(`list --store shopify --table ${to.table} --shop ${shop}`);
  expect(listed.out).toContain(shop);
  expect(listed.out).not.toContain('shop-token');
  const shown = await command(`show ${session.id} --store shopify --table ${to.table} --json`);
  expect(shown.json).toMatchObject({ user: shop, keys: expect.arrayContaining(['accessToken']) });
  expect((await command(`destroy ${session.id} --store shopify --table ${to.table}`)).code).toBe(0);
  expect(await items(to.table)).toEqual({});
});

test('in place, Shopify’s sessions keep the attribute for the time to live', async () => {
  const { storage, table } = await newStorageAndTable({ expiresTtl: 'gone' });
  const session = offline({ expires: new Date(Date.now() + DAY) });
  await storage.storeSession(session);
  const before = await getItem(table, session.id);
  expect(before.gone).toBeDefined();
  const env = { DYNAMO_SESSION_STORE_ENCRYPTION_KEYS: KEY };
  const line = `migrate --store shopify --table ${table} --yes --json`;
  for (const wrong of ['', '--expires-attribute other', '--to-expires-attribute gone']) {
    const refused = await command(`${line} ${wrong}`, { env });
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.errors).toContain('add --expires-attribute gone');
  }
  expect(await getItem(table, session.id)).toEqual(before);
  const moved = await command(`${line} --expires-attribute gone`, { env });
  expect(moved.json).toEqual({ moved: 1 });
  const after = await getItem(table, session.id);
  expect(after.gone).toEqual(before.gone);
  expect(after).not.toHaveProperty('accessToken');
});

test('to another table, Shopify’s sessions get the attribute for its time to live', async () => {
  const [from, to] = [await newStorageAndTable(), await newStorageAndTable({ expiresTtl: 'gone' })];
  const session = offline({ expires: new Date(Date.now() + DAY) });
  await from.storage.storeSession(session);
  const line = `migrate --store shopify --from-table ${from.table} --to-table ${to.table} --yes --json`;
  const refused = await command(line);
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.errors).toContain('add --to-expires-attribute gone');
  expect(await items(to.table)).toEqual({});
  expect((await command(`${line} --to-expires-attribute gone`)).json).toEqual({ moved: 1 });
  expect((await getItem(to.table, session.id)).gone).toBeDefined();

  const lines = `${JSON.stringify({ sid: session.id, session })}\n`;
  const importing = `import - --store shopify --table ${to.table} --overwrite --yes --json`;
  const withoutEnd = await command(importing, { input: lines });
  expect(withoutEnd).toMatchObject({ code: 2 });
  expect(withoutEnd.errors).toContain('add --expires-attribute gone');
  const imported = await command(`${importing} --expires-attribute gone`, { input: lines });
  expect(imported.json).toMatchObject({ written: 1 });
  expect((await getItem(to.table, session.id)).gone).toBeDefined();
});

test('without the permission to read the time to live, Shopify’s sessions need its name', async () => {
  const { storage, table } = await newStorageAndTable();
  await storage.storeSession(offline({ expires: new Date(Date.now() + DAY) }));
  const proxy = await startProxy();
  proxy.hooks.before = ({ operation }) =>
    operation === 'DescribeTimeToLive'
      ? refusal('AccessDeniedException', 'not allowed')
      : undefined;
  try {
    const env = { DYNAMO_SESSION_STORE_ENCRYPTION_KEYS: KEY };
    const line = `migrate --store shopify --table ${table} --yes --json`;
    const { endpoint } = proxy;
    const refused = await command(line, { endpoint, env });
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.errors).toContain('Allow dynamodb:DescribeTimeToLive');
    const moved = await command(`${line} --expires-attribute gone`, { endpoint, env });
    expect(moved.json).toEqual({ moved: 1 });
    expect(moved.errors).toContain('cannot be read');
  } finally {
    await proxy.stop();
  }
});

test('a session in the target stays, unless --overwrite', async () => {
  const [table, copy] = [await newTable(), await newTable()];
  await expressStore(table).set('both', newSession({ from: 'source' }));
  await expressStore(copy).set('both', newSession({ from: 'target' }));
  const line = `migrate --from-table ${table} --to-table ${copy} --yes`;
  expect((await command(line)).out).toBe(
    'Left, because the target has another session: 1 session.\n',
  );
  expect(await expressStore(copy).get('both')).toMatchObject({ from: 'target' });
  expect((await command(`${line} --overwrite --json`)).json).toEqual({ moved: 1 });
  expect(await expressStore(copy).get('both')).toMatchObject({ from: 'source' });
  expect((await command(`${line} --json`)).json).toEqual({ same: 1 });
});

test('in place, a new key replaces the old one, and encryption is turned off', async () => {
  const table = await newTable();
  const next = 'n'.repeat(43);
  await expressStore(table, { encryption: { keys: [KEY] } }).set('sid', newSession(DATA));
  const env = { DYNAMO_SESSION_STORE_ENCRYPTION_KEYS: `${next},${KEY}` };
  expect((await command(`migrate --table ${table} --yes`, { env })).out).toBe('Moved 1 session.\n');
  const rotated = expressStore(table, { encryption: { keys: [next] } });
  expect(await rotated.get('sid')).toMatchObject(DATA);
  const off = `migrate --table ${table} --no-encryption-write --yes --json`;
  expect((await command(off, { env })).json).toEqual({ moved: 1 });
  expect(await expressStore(table).get('sid')).toMatchObject(DATA);
});

test('a session that the target refuses is reported, and the others are moved', async () => {
  const [table, copy] = [await newTable(), await newTable()];
  await expressStore(table).set('right', newSession({ level: 7 }));
  await expressStore(table).set('wrong', newSession({ name: 'secret-name' }));
  const to = join(folder, 'special.json');
  const specialKeys = [{ name: 'level', type: 'N' }];
  writeFileSync(to, JSON.stringify({ table: copy, specialKeys }));
  const args = ['--from-table', table, '--to', to, '--json'];
  const { code, errors, json } = await command('migrate --yes', { args });
  expect(json).toEqual({ moved: 1, refused: 1 });
  expect(code).toBe(1);
  expect(errors).toMatch(/^Session [\w-]{22}: .*level.* \[ERR_SESSION_SPECIAL_KEY\]\n$/);
  expect((await getItem(copy, 'sess:right')).level).toEqual({ N: '7' });
});

test('a touched session keeps its end, and its beginning', async () => {
  const [table, copy] = [await newTable(), await newTable()];
  const source = expressStore(table, { absoluteTtl: 10 * DAY, touchInterval: 0 });
  const session = newSession({ user: 'ann' });
  await source.set('sid', session);
  session.cookie.expires = new Date(Date.now() + 2 * DAY);
  await source.touch('sid', session);
  const created = (await getItem(table, 'sess:sid'))._c;
  const line = `migrate --from-table ${table} --to-table ${copy} --absolute-ttl ${10 * DAY} --yes --json`;
  expect((await command(line)).json).toEqual({ moved: 1 });
  expect((await getItem(copy, 'sess:sid'))._c).toEqual(created);
  expect(await expressStore(copy).get('sid')).toEqual(await source.get('sid'));
});

test('config files on both sides; the same place twice, and two kinds, are refused', async () => {
  const [table, copy] = [await newTable(), await newTable()];
  await expressStore(table, { encryption: { keys: [KEY] } }).set('sid', newSession(DATA));
  const from = join(folder, 'from.js');
  const to = join(folder, 'to.json');
  const endpoint = JSON.stringify(process.env.DYNAMODB_ENDPOINT);
  writeFileSync(
    from,
    `module.exports = { table: ${JSON.stringify(table)}, encryption: { keys: [process.env.OLD_KEY] },
       dynamoConfig: { endpoint: ${endpoint} } };`,
  );
  writeFileSync(to, JSON.stringify({ table: copy, compress: true }));
  process.env.OLD_KEY = KEY;
  expect(
    (await command('migrate --yes --json', { args: ['--from', from, '--to', to] })).json,
  ).toEqual({
    moved: 1,
  });
  expect(await expressStore(copy).get('sid')).toMatchObject(DATA);
  expect((await command(`migrate --table ${table} --yes`)).errors).toMatch(/are the same/);
  const kinds = await command(`migrate --table ${table} --to-store koa --yes`);
  expect(kinds).toMatchObject({ code: 2, errors: expect.stringMatching(/cannot become sessions/) });
});

test('a resume file goes on where the command was stopped', async () => {
  const [table, copy] = [await newTable(), await newTable()];
  const store = expressStore(table);
  const ids = Array.from({ length: 60 }, (_, number) => `session-${number}`);
  await Promise.all(ids.map((id) => store.set(id, newSession({ id }))));
  const file = join(folder, 'resume');
  const line = `migrate --from-table ${table} --to-table ${copy} --segments 1 --resume-file ${file} --yes`;
  // The limit makes pages of few sessions, of which each waits for the one before.
  const stop = new AbortController();
  const stopped = command(`${line} --capacity-per-second 100 --json`, { signal: stop.signal });
  while (!existsSync(file)) await new Promise(setImmediate);
  stop.abort();
  const first = await stopped;
  expect(first.code).toBe(130);
  expect(first.errors).toBe(
    `Stopped. Run the command again with --resume-file ${file} to go on.\n`,
  );
  const { moved } = first.json;
  expect(moved).toBeGreaterThan(0);
  expect(moved).toBeLessThan(60);
  const kept = JSON.parse(readFileSync(file, 'utf8'));
  const textOf = ({ TableArn, CreationDateTime }) => `${TableArn} ${CreationDateTime} sess:`;
  const [source, target] = await Promise.all([table, copy].map(describeTable));
  expect(kept).toMatchObject({
    source: textOf(source),
    target: textOf(target),
    counts: { moved },
  });

  const other = await command(line.replace(copy, table));
  expect(other.code).toBe(2);
  const second = await command(`${line} --json`);
  expect(second.json.moved + (second.json.same ?? 0)).toBeGreaterThanOrEqual(60);
  expect(second.json.moved).toBe(60);
  expect(existsSync(file)).toBe(false);
  expect(Object.keys(await items(copy))).toHaveLength(60);
});

test('in place, a session that changes meanwhile keeps the change', async () => {
  const { Move } = require('../cli/move');
  const { open } = require('../lib/command');
  const { EventEmitter } = require('node:events');
  const table = await newTable();
  const app = expressStore(table);
  await app.set('sid', newSession({ step: 1 }));
  await app.set('gone', newSession({ step: 1 }));
  const place = { table, dynamoConfig: dynamoConfig() };
  const source = open('express', place, new EventEmitter());
  const target = open('express', { ...place, compress: { threshold: 1 } }, new EventEmitter(), {
    conflict: 'error',
  });
  stores.push(source.sessions, target.sessions);
  // The application changes the session between the read and the write of the command.
  const { load } = source.sessions;
  let loads = 0;
  source.sessions.load = async (sid) => {
    const loaded = await load.call(source.sessions, sid);
    loads += 1;
    if (sid === 'gone') await app.destroy(sid);
    else if (loads === 1) await app.set(sid, newSession({ step: 2, text: 'x'.repeat(3000) }));
    return loaded;
  };
  const move = new Move(source, target, { isInPlace: true });
  expect(await move.run({ sid: 'sid', data: '{}' })).toBe('moved');
  expect(loads).toBe(2);
  expect(await app.get('sid')).toMatchObject({ step: 2 });
  expect((await getItem(table, 'sess:sid')).sess.B).toBeDefined();
  expect(await move.run({ sid: 'gone', data: '{}' })).toBe('gone');
  expect(await app.get('gone')).toBeNull();
});

'use strict';

/**
 * The commands `migrate` and `import`, while an application writes to the target: a session that it creates between the
 * read and the write of the command stays.
 */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { EventEmitter } = require('node:events');
const { Move } = require('../cli/move');
const { entries } = require('../cli/scan');
const { put } = require('../cli/write');
const { open } = require('../lib/command');
const { command } = require('./support/command');
const { DAY } = require('./support/contract');
const { dynamoConfig, getItem, items, newTable, putItem, seconds } = require('./support/dynamodb');
const { newSecret } = require('./support/hashed-ids');
const { startProxy } = require('./support/proxy-dynamodb');
const { v2, v3 } = require('./support/ways');

const SID = 'a'.repeat(32);

const WRITES = ['PutItem', 'TransactWriteItems', 'UpdateItem', 'BatchWriteItem'];

let proxy;
beforeAll(async () => {
  proxy = await startProxy();
});
afterAll(() => proxy.stop());

const opened = [];
afterEach(async () => {
  proxy.hooks.before = () => {};
  proxy.hooks.loses = () => false;
  await Promise.all(opened.splice(0).map(({ sessions }) => sessions.close()));
});

/** The stores: the options for a table, and a session of an application. */
const kinds = {
  express: {
    hashKey: 'id',
    options: (table) => ({ table, initialized: true, reapInterval: 0 }),
    session: (data) => ({ cookie: { path: '/', originalMaxAge: DAY }, ...data }),
  },
  koa: {
    hashKey: 'sessionId',
    options: (name) => ({ table: { name, autoCreate: false } }),
    session: (data) => ({ ...data, _maxAge: DAY, _expire: Date.now() + DAY }),
  },
  shopify: {
    hashKey: 'id',
    options: (sessionTableName) => ({ sessionTableName }),
    session: (data) => ({
      id: SID,
      shop: 'one.myshopify.com',
      state: '',
      isOnline: false,
      ...data,
    }),
  },
};

const encryption = { keys: [Buffer.alloc(32, 7)] };
const indexes = { user: { value: 'user' } };

/** The targets: the store, its further options, and those of the application if they are others. */
const targets = {
  'of Express': { kind: 'express' },
  'compressed and encrypted': {
    kind: 'express',
    options: () => ({ compress: { threshold: 1 }, encryption }),
  },
  'with marks and an index': {
    kind: 'express',
    options: () => ({ absoluteTtl: 10 * DAY, indexes }),
  },
  'with hashed ids': {
    kind: 'express',
    options: () => ({ hashIds: { secret: newSecret(), migrate: true } }),
  },
  'with hashed ids, while the application has plain ones': {
    kind: 'express',
    options: () => ({ hashIds: { secret: newSecret(), migrate: true } }),
    application: {},
  },
  'of Koa': { kind: 'koa' },
  'of Koa, encrypted, with an index': { kind: 'koa', options: () => ({ encryption, indexes }) },
  'of Shopify': { kind: 'shopify' },
  'of Shopify, encrypted': { kind: 'shopify', options: () => ({ encryption }) },
};

/** The ways of the command to the target. */
const ways = {
  natively: (kind) => {
    const connection = { ...dynamoConfig(), endpoint: proxy.endpoint };
    return kind === 'shopify' ? { config: connection } : { dynamoConfig: connection };
  },
  'through a client of aws-sdk v3': () => ({ client: v3(proxy.endpoint), transport: 'client' }),
  'through a client of aws-sdk v2': () => ({ client: v2(proxy.endpoint), transport: 'client' }),
};

/** Opens a store as the command does. */
function openStore(kind, options) {
  const store = open(kind, options, new EventEmitter());
  opened.push(store);
  return store;
}

const connectionOf = (kind) =>
  kind === 'shopify' ? { config: dynamoConfig() } : { dynamoConfig: dynamoConfig() };

const toWrite = (session, expires = Date.now() + DAY) => ({
  sid: SID,
  data: JSON.stringify(session),
  expires,
});

/** The targets that are also reached through clients. */
const CALLED = ['of Express', 'with hashed ids', 'of Koa, encrypted, with an index', 'of Shopify'];

const cases = Object.keys(targets).flatMap((target) =>
  Object.keys(ways)
    .filter((way) => way === 'natively' || CALLED.includes(target))
    .map((way) => [target, way]),
);

describe.each(cases)('a target %s, %s:', (name, way) => {
  const { kind, options: optionsOf, application } = targets[name];
  const { hashKey, options, session } = kinds[kind];
  let source;
  let target;
  let app;
  let table;
  let entry;
  beforeEach(async () => {
    table = await newTable({ hashKey });
    const own = optionsOf?.();
    source = openStore(kind, { ...options(await newTable({ hashKey })), ...connectionOf(kind) });
    target = openStore(kind, { ...options(table), ...own, ...ways[way](kind) });
    app = openStore(kind, { ...options(table), ...(application ?? own), ...connectionOf(kind) });
    await put(source, toWrite(session({ user: 'ann', from: 'source' })));
    for await (const found of entries(source, { signal: new AbortController().signal })) {
      entry = found;
    }
    proxy.operations();
  });

  /** Lets the application act before the first write of the command. */
  function beforeWrite(act) {
    let isDone = false;
    proxy.operations();
    proxy.hooks.before = async ({ operation }) => {
      if (isDone || !WRITES.includes(operation)) return;
      isDone = true;
      await act();
    };
  }

  /**
   * Returns the item that a store writes, and deletes it. Another process will write it: in one process, calls on a
   * session wait for each other.
   */
  async function itemOf(store, session, expires) {
    await put(store, toWrite(session, expires));
    const [item] = Object.values(await items(table, hashKey));
    await store.sessions.destroy(SID);
    return item;
  }

  /** The session that the table has then. */
  const found = async () => JSON.parse((await target.sessions.load(SID)).data).from;

  test('a session that an application creates before the write stays', async () => {
    const theirs = await itemOf(app, session({ from: 'application' }));
    beforeWrite(() => putItem(table, theirs));
    expect(await new Move(source, target, {}).run(entry)).toBe('existing');
    expect(await found()).toBe('application');
    expect(Object.keys(await items(table, hashKey))).toHaveLength(1);
    expect(proxy.operations().join()).toMatch(/ConditionalCheckFailed|TransactionCanceled/);
  });

  test('another command that copies the same session is no conflict', async () => {
    const copied = await itemOf(target, JSON.parse(entry.data), entry.expires);
    beforeWrite(() => putItem(table, copied));
    expect(await new Move(source, target, {}).run(entry)).toBe('same');
    expect(await found()).toBe('source');
  });

  test('without another session it is written, also if the answer is lost', async () => {
    let writes = 0;
    proxy.hooks.loses = ({ operation }) => WRITES.includes(operation) && ++writes === 1;
    // A client of a test makes one attempt, and tells its failure.
    if (way === 'natively') {
      // Shopify's items have no version that tells them from an equal one of another writer.
      const result = kind === 'shopify' ? 'same' : 'moved';
      expect(await new Move(source, target, {}).run(entry)).toBe(result);
      expect(writes).toBeGreaterThan(1);
    }
    proxy.hooks.loses = () => false;
    expect(await new Move(source, target, {}).run(entry)).toMatch(/^(moved|same)$/);
    expect(await found()).toBe('source');
  });

  test('with --overwrite, the session of the application is replaced', async () => {
    const theirs = await itemOf(app, session({ from: 'application' }));
    beforeWrite(() => putItem(table, theirs));
    expect(await new Move(source, target, { overwrite: true }).run(entry)).toBe('moved');
    expect(await found()).toBe('source');
  });

  if (kind !== 'shopify') {
    test('an ended session is replaced, unless it is saved before the write', async () => {
      await put(app, toWrite(session({ from: 'ended' }), Date.now() - DAY));
      expect(await new Move(source, target, {}).run(entry)).toBe('moved');
      expect(await found()).toBe('source');
      expect(Object.keys(await items(table, hashKey))).toHaveLength(1);

      await target.sessions.destroy(SID);
      const theirs = await itemOf(app, session({ from: 'application' }));
      await put(app, toWrite(session({ from: 'ended' }), Date.now() - DAY));
      let writes = 0;
      proxy.hooks.before = async ({ operation }) => {
        if (!WRITES.includes(operation)) return;
        writes += 1;
        // The first write finds the ended session, which the command reads before its second write.
        if (writes === 2) await putItem(table, theirs);
      };
      expect(await new Move(source, target, {}).run(entry)).toBe('existing');
      expect(await found()).toBe('application');
      expect(writes).toBeGreaterThanOrEqual(2);
    });
  }
});

test('import leaves a session that an application creates meanwhile, and items of others', async () => {
  const table = await newTable();
  const app = openStore('express', { ...kinds.express.options(table), ...connectionOf('express') });
  const line = (sid) => JSON.stringify({ sid, session: { cookie: {}, from: 'file' } });
  const foreign = {
    id: { S: 'sess:foreign' },
    data: { S: 'x' },
    expires: { N: String(seconds()) },
  };
  await putItem(table, foreign);
  await put(app, { ...toWrite({ from: 'application' }), sid: 'both' });
  const theirs = await getItem(table, 'sess:both');
  await app.sessions.destroy('both');
  proxy.hooks.before = async ({ operation, body }) => {
    if (operation === 'PutItem' && body.Item.id.S === 'sess:both') {
      await putItem(table, theirs);
    }
  };
  const { json } = await command(`import - --table ${table} --json`, {
    input: ['both', 'foreign', 'new'].map(line).join('\n'),
    endpoint: proxy.endpoint,
  });
  expect(json).toEqual({ written: 1, existing: 2, ended: 0, wrong: 0 });
  expect(JSON.parse((await getItem(table, 'sess:both')).sess.S)).toEqual({ from: 'application' });
  expect(JSON.parse((await getItem(table, 'sess:new')).sess.S)).toMatchObject({ from: 'file' });
  expect(await getItem(table, 'sess:foreign')).toEqual(foreign);
});

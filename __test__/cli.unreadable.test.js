'use strict';

/** Commands on a table with sessions that cannot be read: the others are done, and the exit code is 1. */

const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { command } = require('./support/command');
const { DAY } = require('./support/contract');
const { dynamoConfig, getItem, items, newTable, putItem } = require('./support/dynamodb');

const [KEY, LOST] = ['k'.repeat(43), 'l'.repeat(43)];

const stores = [];
afterEach(() => Promise.all(stores.splice(0).map((store) => store.close())));

const kinds = {
  express: {
    hashKey: 'id',
    keyOf: (sid) => `sess:${sid}`,
    attribute: 'sess',
    open: (table, options) =>
      new DynamoDBStore({ table, dynamoConfig: dynamoConfig(), initialized: true, ...options }),
    set: (store, sid, data) =>
      store.set(sid, { cookie: { path: '/', originalMaxAge: DAY }, ...data }),
  },
  koa: {
    hashKey: 'sessionId',
    keyOf: (sid) => sid,
    attribute: 'session',
    open: (name, options) =>
      new KoaStore({
        table: { name, autoCreate: false },
        dynamoConfig: dynamoConfig(),
        ...options,
      }),
    set: (store, sid, data) =>
      store.set(sid, { ...data, _expire: Date.now() + DAY, _maxAge: DAY }, DAY),
  },
};

const env = { DYNAMO_SESSION_STORE_ENCRYPTION_KEYS: KEY };

describe.each(Object.entries(kinds))('%s', (kind, { attribute, hashKey, keyOf, open, set }) => {
  let table;
  let where;
  const keep = (options) => {
    const store = open(table, options);
    stores.push(store);
    return store;
  };
  beforeEach(async () => {
    table = await newTable({ hashKey });
    where = `--store ${kind} --table ${table}`;
    const readable = keep({ encryption: { keys: [KEY] } });
    await set(readable, 'one', { user: 'ann' });
    await set(readable, 'two', { user: 'ann' });
    await set(keep({ encryption: { keys: [LOST] } }), 'lost', { user: 'ann', secret: 'hunter2' });
    const { [attribute]: _, ...item } = await getItem(table, keyOf('one'), hashKey);
    const broken = { ...item, [hashKey]: { S: keyOf('broken') } };
    await putItem(table, { ...broken, [attribute]: { B: Buffer.from([1, 2, 3]) } });
  });

  const reported = (errors) =>
    errors.match(/^Session [\w-]{22} cannot be read: .*\[ERR_SESSION_(?:DECRYPT|DECODE)\]$/gm);

  /** The command has left out two sessions. */
  const expectTwoLeftOut = ({ code, errors }) => {
    expect(code).toBe(1);
    expect(reported(errors)).toHaveLength(2);
    expect(errors).toMatch(/^Left out, because they cannot be read: 2 sessions\.$/m);
    for (const secret of ['hunter2', 'lost', 'broken']) expect(errors).not.toContain(secret);
  };

  test('list, stats and export leave them out', async () => {
    const listed = await command(`list ${where} --json`, { env });
    expect(listed.lines.map(({ user }) => user)).toEqual(['ann', 'ann']);
    expectTwoLeftOut(listed);
    const stats = await command(`stats ${where} --json`, { env });
    expect(stats.json).toMatchObject({ live: 2, unreadable: 2 });
    expectTwoLeftOut(stats);
    const exported = await command(`export ${where}`, { env });
    expect(exported.lines.map(({ sid }) => sid).sort()).toEqual(['one', 'two']);
    expectTwoLeftOut(exported);
    expectTwoLeftOut(await command(`list ${where} --user bob`, { env }));
  });

  test('migrate moves the others', async () => {
    const copy = await newTable({ hashKey });
    const line = `migrate ${where} --to-table ${copy} --yes`;
    const copied = await command(`${line} --json`, { env });
    expect(copied.json).toEqual({ moved: 2, unreadable: 2 });
    expectTwoLeftOut(copied);
    expect(Object.keys(await items(copy, hashKey))).toHaveLength(2);
    expect((await command(line, { env })).out).toMatch(
      /^Left, because they cannot be read: 2 sessions\.$/m,
    );
    const before = await getItem(table, keyOf('lost'), hashKey);
    const inPlace = await command(`migrate ${where} --yes --json`, { env });
    expect(inPlace.json).toEqual({ moved: 2, unreadable: 2 });
    expect(await getItem(table, keyOf('lost'), hashKey)).toEqual(before);
  });

  test('destroy ends the others, and by its handle also one that cannot be read', async () => {
    const ended = await command(`destroy ${where} --user ann --yes --json`, { env });
    expect(ended.json).toMatchObject({ destroyed: 2, unreadable: 2 });
    expectTwoLeftOut(ended);
    const nobody = await command(`destroy ${where} --user bob --yes`, { env });
    expectTwoLeftOut(nobody);
    const handles = nobody.errors.match(/^Session ([\w-]{22})/gm).map((text) => text.slice(8));
    const shown = await command(`show ${handles[0]} ${where}`, { env });
    expect(shown).toMatchObject({ code: 1, errors: expect.stringMatching(/ERR_SESSION_DEC/) });
    const args = handles;
    expect(await command(`destroy ${where}`, { args, env })).toMatchObject({ code: 0 });
    expect(await items(table, hashKey)).toEqual({});
  });

  test('sessions() of the store still fails', async () => {
    const store = keep({ encryption: { keys: [KEY] } });
    await expect(async () => {
      for await (const { sid } of store.sessions()) expect(sid).not.toBe('lost');
    }).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_SESSION_DEC/) });
  });
});

test('at most 20 are reported', async () => {
  const table = await newTable();
  const options = { table, dynamoConfig: dynamoConfig(), encryption: { keys: [LOST] } };
  const store = new DynamoDBStore({ ...options, initialized: true });
  stores.push(store);
  const ids = Array.from({ length: 25 }, (_, number) => `session-${number}`);
  await Promise.all(ids.map((id) => store.set(id, { cookie: { originalMaxAge: DAY } })));
  const { code, errors } = await command(`stats --table ${table}`, { env });
  expect(code).toBe(1);
  expect(errors.match(/^Session /gm)).toHaveLength(20);
  expect(errors).toMatch(/: 25 sessions\.$/m);
});

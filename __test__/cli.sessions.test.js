'use strict';

/** The commands that show and end sessions, on the tables of the stores for Express and Koa. */

const { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { command } = require('./support/command');
const { DAY } = require('./support/contract');
const {
  dynamoConfig,
  items,
  newTable,
  putItem,
  seconds,
  setExpires,
} = require('./support/dynamodb');

let folder;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-command-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Milliseconds: a little less than ten hours. */
const LIFETIME = 35_900_000;

const cookie = () => ({
  path: '/',
  originalMaxAge: LIFETIME,
  expires: new Date(Date.now() + LIFETIME),
});

/** The stores, each with a way to write a session. */
const kinds = {
  express: {
    hashKey: 'id',
    keyOf: (sid) => `sess:${sid}`,
    async open(table, options) {
      const own = { table, dynamoConfig: dynamoConfig(), initialized: true, ...options };
      const store = new DynamoDBStore(own);
      return { store, put: (sid, data) => store.set(sid, { cookie: cookie(), ...data }) };
    },
    get: (store, sid) => store.get(sid),
  },
  koa: {
    hashKey: 'sessionId',
    keyOf: (sid) => sid,
    async open(name, options) {
      const store = new KoaStore({ table: { name }, dynamoConfig: dynamoConfig(), ...options });
      const put = (sid, data) =>
        store.set(
          sid,
          { ...data, _expire: Date.now() + LIFETIME, _maxAge: LIFETIME },
          LIFETIME + 10_000,
        );
      return { store, put };
    },
    get: (store, sid) => store.get(sid),
  },
};

const IDS = ['a', 'b', 'c'].map((letter) => letter.repeat(32));

describe.each(Object.entries(kinds))(
  'on a table of the store for %s',
  (kind, { hashKey, keyOf, open, get }) => {
    let table;
    let store;
    let put;
    let where;
    beforeEach(async () => {
      table = await newTable({ hashKey });
      ({ store, put } = await open(table, { indexes: { user: { value: 'user' } } }));
      await put(IDS[0], { user: 'ann', cart: [1, 'secret cart'] });
      await put(IDS[1], { user: 'bob' });
      await put(IDS[2], { passport: { user: 7 } });
      where = `--store ${kind} --table ${table}`;
    });
    afterEach(() => store.close());

    /** Lets a session end, as if time had passed. */
    const end = async (sid) => {
      const item = (await items(table, hashKey))[keyOf(sid)];
      await putItem(table, { ...item, expires: { N: String(seconds() - 60) }, _e: undefined });
    };

    test('list shows handles, users and ends, and no ids', async () => {
      const { code, out, errors } = await command(`list ${where}`);
      expect([code, errors]).toEqual([0, '']);
      expect(out).toMatch(/^HANDLE +USER +ENDS +LAST SEEN +SIZE$/m);
      expect(out).toMatch(
        /^[\w-]{22} +ann +[\d-]+ [\d:]+ \(in 9 h\) +[\d-]+ [\d:]+ \(\d+ s ago\) +\d+ B$/m,
      );
      for (const id of IDS) expect(out).not.toContain(id);

      const { lines } = await command(`list ${where} --ids --json`);
      expect(lines.map(({ id, user }) => [id, user]).sort()).toEqual([
        [IDS[0], 'ann'],
        [IDS[1], 'bob'],
        [IDS[2], '7'],
      ]);
      expect((await command(`list ${where} --user 7 --json`)).lines).toHaveLength(1);
      expect((await command(`list ${where} --user eve`)).code).toBe(3);
      await end(IDS[0]);
      expect(
        (await command(`list ${where} --json`)).lines.filter(({ ended }) => ended),
      ).toHaveLength(1);
      expect((await command(`list ${where} --live --json`)).lines).toHaveLength(2);
      expect((await command(`list ${where} --limit 1 --json`)).lines).toHaveLength(1);
    });

    test('show finds a session by id and by handle', async () => {
      const byId = await command(`show ${IDS[0]} ${where}`);
      expect(byId.code).toBe(0);
      expect(byId.out).toMatch(/^user +ann \(user\)$/m);
      expect(byId.out).toMatch(/^created +.* \(0 s ago\)$/m);
      expect(byId.out).toMatch(/^keys +.*cart/m);
      expect(byId.out).not.toMatch(/secret cart|aaaa/);

      const [{ handle }] = (await command(`list ${where} --user ann --json`)).lines;
      const { json } = await command(`show ${where} --data --json`, { args: [handle] });
      expect(json).toMatchObject({ handle, user: 'ann', session: { cart: [1, 'secret cart'] } });
      expect(json).not.toHaveProperty('id');
      const missing = await command(`show ${'x'.repeat(22)} ${where}`);
      expect(missing).toMatchObject({ code: 3, out: '', errors: 'There is no such session.\n' });
    });

    test('destroy ends sessions by id, by handle and by user', async () => {
      const [{ handle }] = (await command(`list ${where} --user bob --json`)).lines;
      const ended = await command(`destroy ${IDS[0]} no-such-session ${where} --json`, {
        args: [handle],
      });
      expect([ended.code, ended.json.destroyed, ended.json.missing]).toEqual([3, 2, 1]);
      expect(await get(store, IDS[0])).toBeFalsy();
      expect(await get(store, IDS[1])).toBeFalsy();

      expect((await command(`destroy --user 7 ${where}`)).errors).toMatch(/add --yes/);
      expect((await command(`destroy --user 7 ${where} --dry-run`)).out).toBe(
        'Would end 1 session.\n',
      );
      expect(Object.keys(await items(table, hashKey))).toHaveLength(1);
      expect((await command(`destroy --user 7 ${where} --yes`)).out).toBe('Ended 1 session.\n');
      expect((await command(`destroy --user 7 ${where} --yes`)).code).toBe(3);
      expect((await command(`destroy ${where}`)).code).toBe(2);
      expect(await items(table, hashKey)).toEqual({});
    });

    test('stats counts, and draws sizes and lifetimes', async () => {
      await put('d'.repeat(32), { user: 'ann', filler: 'x'.repeat(3000) });
      await end(IDS[1]);
      const { code, out } = await command(`stats ${where}`);
      expect(code).toBe(0);
      expect(out).toMatch(/^live +3$/m);
      expect(out).toMatch(/^ended +1$/m);
      expect(out).toMatch(/^below 0.5 kB +2 +█{40}$/m);
      expect(out).toMatch(/^ +2–4 kB +1 +█{20}$/m);
      expect(out).toMatch(/^Ages\n *below 1 h +3 +█{40}$/m);
      expect(out).toMatch(/^ *6–24 h +3 +█{40}$/m);
      const { json } = await command(`stats ${where} --json --segments 3`);
      expect(json).toMatchObject({ table, live: 3, expired: 1, withoutEnd: 0 });
      expect(json.sizes.at(-1)).toEqual({ range: '2–4 kB', count: 1 });
    });

    test('reap deletes ended sessions only', async () => {
      await end(IDS[1]);
      expect((await command(`reap ${where} --dry-run`)).out).toBe(
        'Would delete 1 ended session.\n',
      );
      expect(Object.keys(await items(table, hashKey))).toHaveLength(3);
      const file = join(folder, `reap-${kind}`);
      const reaped = await command(
        `reap ${where} --json --resume-file ${file} --capacity-per-second 1000`,
      );
      expect(reaped.json).toEqual({ reaped: 1 });
      expect(() => statSync(file)).toThrow(/ENOENT/);
      expect(Object.keys(await items(table, hashKey))).toHaveLength(2);
      expect((await command(`reap ${where}`)).out).toBe('Deleted 0 ended sessions.\n');
    });

    test('export and import', async () => {
      await end(IDS[2]);
      const file = join(folder, `export-${kind}`);
      const exported = await command(`export ${file} ${where}`);
      expect(exported).toMatchObject({ code: 0, out: '' });
      expect(exported.errors).toMatch(
        /^Warning: .*ids that log users in.*\.\nExported 2 sessions to /,
      );
      if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
      expect((await command(`export ${file} ${where}`)).errors).toMatch(
        /exists already\. With --force, it is replaced/,
      );
      chmodSync(file, 0o644);
      expect((await command(`export ${file} ${where} --force`)).code).toBe(0);
      if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
      const lines = readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines.map(({ sid }) => sid).sort()).toEqual(IDS.slice(0, 2));
      expect(await command(`export ${where}`)).toMatchObject({
        code: 0,
        lines: expect.arrayContaining(lines),
      });

      const [before, copy] = [await items(table, hashKey), await newTable({ hashKey })];
      const to = `--store ${kind} --table ${copy} --index user=user`;
      expect((await command(`import ${file} ${to} --dry-run`)).out).toBe(
        'Would write 2 sessions.\n',
      );
      expect((await command(`import - ${to} --json`, { input: readFileSync(file) })).json).toEqual({
        written: 2,
        existing: 0,
        ended: 0,
        wrong: 0,
      });
      const after = await items(copy, hashKey);
      for (const [key, item] of Object.entries(after)) {
        const { _v, _t, user_since, ...rest } = item;
        expect(before[key]).toMatchObject(rest);
      }
      expect(Object.values(after)[0]._c).toBeDefined();
      expect((await command(`import ${file} ${to}`)).out).toMatch(
        /^Wrote 0 sessions\.\nLeft 2 sessions that/,
      );
      expect((await command(`import ${file} ${to} --overwrite`)).code).toBe(2);
      expect((await command(`import ${file} ${to} --overwrite --yes`)).out).toBe(
        'Wrote 2 sessions.\n',
      );
    });
  },
);

test('import reports wrong lines by their numbers, and shows nothing of them', async () => {
  const table = await newTable();
  const session = { cookie: {}, user: 'secret-user' };
  const lines = [
    { sid: 'right', session },
    { sid: 'ended', session, expires: '2020-01-01T00:00:00Z' },
    '{"sid": "secret-sid", ',
    { sid: 'x', session: 'secret-session' },
    { session },
    { sid: 'x', session, expires: 'secret-time' },
    { sid: 'x', session, createdAt: 5 },
    { hashedId: 'h1:x', session },
    { sid: 'x', session: { cookie: {}, big: 'x'.repeat(420_000) } },
  ].map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  const { code, out, errors } = await command(`import - --table ${table}`, {
    input: lines.join('\n\n'),
  });
  expect(code).toBe(1);
  expect(out).toBe('Wrote 1 session.\nLeft out 1 ended session.\n7 lines wrong.\n');
  expect(
    errors
      .match(/^Line \d+/gm)
      .map((line) => Number(line.slice(5)))
      .sort((a, b) => a - b),
  ).toEqual([5, 7, 9, 11, 13, 15, 17]);
  expect(errors).toMatch(/ERR_SESSION_TOO_LARGE/);
  expect(out + errors).not.toMatch(/secret/);
  expect(Object.keys(await items(table))).toEqual(['sess:right']);
});

test('a session of an encrypted table with hashed ids is shown and destroyed by its handle', async () => {
  const table = await newTable();
  const [key, secret] = ['k'.repeat(43), 's'.repeat(40)];
  const options = { encryption: { keys: [key] }, hashIds: { secret } };
  const { store, put } = await kinds.express.open(table, options);
  await put(IDS[0], { user: 'ann' });
  await put(IDS[1], { user: 'bob' });
  const env = {
    DYNAMO_SESSION_STORE_ENCRYPTION_KEYS: key,
    DYNAMO_SESSION_STORE_ID_SECRETS: `${secret}, ${'t'.repeat(40)}`,
  };
  const lines = (await command(`list --table ${table} --json`, { env })).lines;
  const { handle } = lines.find(({ user }) => user === 'ann');
  const shown = await command(`show --table ${table} --json`, { args: [handle], env });
  expect(shown.json.user).toBe('ann');
  expect((await command(`show ${IDS[0]} --table ${table} --json`, { env })).json.handle).toBe(
    handle,
  );
  expect((await command(`destroy --table ${table}`, { args: [handle], env })).code).toBe(0);
  expect(await store.get(IDS[0])).toBeNull();
  expect((await command(`destroy ${IDS[1]} --table ${table}`, { env })).code).toBe(0);
  expect(await items(table)).toEqual({});
  await put(IDS[0], { user: 'ann' });
  const refused = await command(`list --table ${table}`);
  expect(refused.code).toBe(1);
  expect(refused.errors).toMatch(
    /\[ERR_SESSION_DECRYPT\]\nThe command takes the keys from the variable/,
  );
  const unread = { DYNAMO_SESSION_STORE_ID_SECRETS: secret };
  const destroyed = await command(`destroy ${IDS[0]} --table ${table}`, { env: unread });
  expect(destroyed).toMatchObject({ code: 0, out: 'Ended 1 session.\n' });
  expect(await items(table)).toEqual({});
  await store.close();
});

test('reap --dry-run counts what reap deletes, without the keys', async () => {
  const table = await newTable();
  const encryption = { keys: ['k'.repeat(43)] };
  const { store, put } = await kinds.express.open(table, { encryption });
  await put(IDS[0], { user: 'ann' });
  await put(IDS[1], { user: 'bob' });
  await store.close();
  const past = { N: String(seconds() - 60) };
  const { [`sess:${IDS[0]}`]: ended } = await items(table);
  const keyed = (id, rest) => putItem(table, { id: { S: `sess:${id}` }, expires: past, ...rest });
  await keyed(IDS[0], { type: ended.type, sess: ended.sess });
  await keyed('left', {});
  await keyed('broken', { type: ended.type, sess: { S: 'no JSON' } });
  await keyed('of-others', { total: { N: '7' } });
  const { code, errors, json } = await command(`reap --table ${table} --dry-run --json`);
  expect([code, errors]).toEqual([0, '']);
  expect(json).toEqual({ ended: 3, dryRun: true });
  expect(Object.keys(await items(table))).toHaveLength(5);
  expect((await command(`reap --table ${table} --json`)).json).toEqual({ reaped: 3 });
  expect(Object.keys(await items(table)).sort()).toEqual(
    [`sess:${IDS[1]}`, 'sess:of-others'].sort(),
  );
});

test('a session whose end was touched has its new end', async () => {
  const table = await newTable();
  const { store, put } = await kinds.express.open(table, {});
  await put(IDS[0], {});
  await setExpires(table, `sess:${IDS[0]}`, seconds() + 86_400 * 3);
  const { json } = await command(`show ${IDS[0]} --table ${table} --json`);
  expect(Date.parse(json.expires)).toBeGreaterThan(Date.now() + 2 * DAY);
  await store.close();
});

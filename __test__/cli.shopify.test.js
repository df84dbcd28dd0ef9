'use strict';

/** The command on a table of Shopify's storage, with items that the replaced package has written. */

const {
  DynamoDBSessionStorage: Published,
} = require('@shopify/shopify-app-session-storage-dynamodb');
const { command } = require('./support/command');
const { DAY } = require('./support/contract');
const { credentials, items, newTable, putItem, region } = require('./support/dynamodb');
const { newStorageAndTable, offline } = require('./support/shopify');

const shops = ['one.myshopify.com', 'two.myshopify.com', 'three.myshopify.com'];

let table;
let where;
let sessions;
beforeEach(async () => {
  ({ table } = await newStorageAndTable());
  where = `--store shopify --table ${table}`;
  sessions = shops.map((shop, number) =>
    offline({
      id: `offline_${shop}`,
      shop,
      accessToken: 'secret-token',
      expires: number === 0 ? new Date(Date.now() - DAY) : undefined,
    }),
  );
  const endpoint = process.env.DYNAMODB_ENDPOINT;
  const config = { endpoint, region, credentials: { ...credentials } };
  const theirs = new Published({ sessionTableName: table, config });
  await Promise.all(sessions.map((session) => theirs.storeSession(session)));
  await putItem(table, { id: { S: 'job:1' }, shop: { S: shops[0] }, data: { S: 'x' } });
});

test('list shows the sessions of all shops, or of one', async () => {
  const { code, lines, out } = await command(`list ${where} --json --ids`);
  expect(code).toBe(0);
  expect(lines.map(({ id, user }) => [id, user]).sort()).toEqual(
    sessions.map(({ id, shop }) => [id, shop]).sort(),
  );
  expect(out).not.toMatch(/secret-token|job:1/);
  expect(lines.filter(({ ended }) => ended)).toMatchObject([{ user: shops[0] }]);
  expect((await command(`list ${where} --json --live`)).lines).toHaveLength(2);
  expect((await command(`list ${where} --json --shop ${shops[1]}`)).lines).toMatchObject([
    { user: shops[1] },
  ]);
  expect((await command(`list ${where} --json --user ${shops[2]}`)).lines).toHaveLength(1);
});

test('a session is shown and destroyed by its handle', async () => {
  const [{ handle }] = (await command(`list ${where} --json --user ${shops[2]}`)).lines;
  const shown = await command(`show ${where} --json`, { args: [handle] });
  expect(shown.json).toMatchObject({ handle, user: shops[2] });
  // By the id, the end is the same as in the list.
  const ended = (await command(`list ${where} --json`)).lines.find((each) => each.ended);
  expect((await command(`show ${sessions[0].id} ${where} --json`)).json).toMatchObject(ended);
  expect((await command(`destroy ${where}`, { args: [handle] })).code).toBe(0);
  expect(Object.keys(await items(table)).sort()).toEqual(
    ['job:1', sessions[0].id, sessions[1].id].sort(),
  );
});

test('stats counts; export and import copy the sessions of all shops', async () => {
  expect((await command(`stats ${where} --json --segments 3`)).json).toMatchObject({
    live: 2,
    expired: 1,
    withoutEnd: 2,
  });
  const exported = await command(`export ${where}`);
  expect(exported.lines).toHaveLength(3);
  const copy = await newTable();
  const imported = await command(`import - --store shopify --table ${copy} --json`, {
    input: exported.out,
  });
  // The token of one has expired.
  expect(imported.json).toEqual({ written: 2, existing: 0, ended: 1, wrong: 0 });
  const before = await items(table);
  for (const [id, item] of Object.entries(await items(copy))) expect(item).toEqual(before[id]);
  expect(
    (await command(`import - --store shopify --table ${copy} --json`, { input: exported.out }))
      .json,
  ).toMatchObject({ written: 0, existing: 2 });
});

test('migrate copies the sessions of all shops, also in place', async () => {
  const copy = await newTable();
  const line = `migrate --store shopify --from-table ${table} --to-table ${copy} --yes --json`;
  expect((await command(line)).json).toEqual({ moved: 3 });
  const { 'job:1': _, ...before } = await items(table);
  expect(await items(copy)).toEqual(before);
  expect((await command(line)).json).toEqual({ same: 3 });
});

test('reap is refused, and --shop is for Shopify', async () => {
  for (const flags of ['', '--dry-run', `--shop ${shops[0]}`]) {
    expect(await command(`reap ${where} ${flags}`)).toMatchObject({
      code: 2,
      out: '',
      errors: expect.stringMatching(/^Error: reap does not apply to the store for shopify: .*\n$/),
    });
  }
  expect(Object.keys(await items(table))).toHaveLength(4);
  const other = await command(`list --table ${table} --shop ${shops[0]}`);
  expect(other).toMatchObject({ code: 2, errors: expect.stringMatching(/--shop is for/) });
});

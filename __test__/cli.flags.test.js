'use strict';

/** Flags, config files and the commands for the table, its diagnosis and its policy. */

const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { DynamoDBStore } = require('..');
const { command } = require('./support/command');
const {
  describeTable,
  dynamoConfig,
  items,
  newTable,
  newTableName,
  putItem,
  seconds,
  timeToLive,
} = require('./support/dynamodb');
const { startProxy } = require('./support/proxy-dynamodb');

let folder;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-flags-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name, text) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

test.each([
  ['an unknown command', 'remove', /unknown command 'remove'/],
  ['an unknown flag', 'list --tabel x', /unknown option '--tabel'\n\(Did you mean --table\?\)/],
  ['an unknown store', 'list --store redis', /Allowed choices are express, koa, shopify/],
  [
    'a flag of another store',
    'list --store koa --prefix x',
    /--prefix does not apply to the store for koa/,
  ],
  ['a flag of Express', 'list --expires-attribute x', /--expires-attribute does not apply/],
  ['a wrong number', 'reap --segments 0', /must be a whole number/],
  ['a wrong rate', 'reap --capacity-per-second fast', /must be a number above 0/],
  ['a wrong index', 'list --index user', /must be a name and a key of the session/],
  ['a wrong table', 'list --table a', /option "table" must be a table's name/],
  [
    'hashed ids without a secret',
    'list --hash-ids-migrate',
    /needs the variable DYNAMO_SESSION_STORE_ID_/,
  ],
  ['a wrong account', 'policy --account 12', /must be a number of 12 digits/],
  ['a wrong ARN', 'policy --arn foo', /must be the ARN of a table/],
  ['a wrong region', 'list --region x,y', /must be the name of a region/],
  ['no session', 'destroy', /Name sessions by their ids or handles, or a user/],
  ['both', 'destroy sid --user ann', /Name sessions by their ids or handles, or a user/],
  ['a missing file', 'list --config missing.js', /missing\.js of --config does not exist/],
  [
    'two configs',
    'migrate --config a.js --to b.js',
    /--config cannot be used together with --from or/,
  ],
  [
    'ids of an index',
    'list --user ann --index user=user --ids',
    /--ids cannot be used with an index/,
  ],
  ['a shop in Express', 'stats --shop x.myshopify.com', /--shop is for the store for shopify/],
  ['a policy in two languages', 'policy --json --format cdk', /--json cannot be used together/],
  ['no attribute for the end', 'enable-ttl --store shopify', /add --expires-attribute/],
])('%s is wrong usage', async (_what, line, message) => {
  const { code, out, errors } = await command(line);
  expect(errors).toMatch(message);
  expect([code, out]).toEqual([2, '']);
});

test.each([
  '--encryption-keys',
  '--encryption',
  '--to-encryption-keys',
  '--hash-ids',
  '--hash-ids-secret',
  '--id-secrets',
  '--secret',
  '--access-key-id',
  '--aws-secret-access-key',
  '--session-token',
])('%s is refused, with the place for the secret', async (flag) => {
  const { code, errors } = await command('list', { args: [flag, 'hunter2'] });
  expect(code).toBe(2);
  expect(errors).toMatch(/is refused: .* Use the variable \w+/);
  expect(errors).not.toContain('hunter2');
});

test.each([
  ['express', 'id', 'expires', ''],
  ['koa', 'sessionId', 'ends', '--expires-attribute ends'],
  ['shopify', 'id', 'ttl', '--expires-attribute ttl'],
])('create-table and enable-ttl for %s', async (kind, key, attribute, flags) => {
  const table = newTableName();
  const where = `--store ${kind} --table ${table} ${flags}`;
  expect((await command(`create-table ${where} --json`)).json).toEqual({
    table,
    created: true,
    timeToLive: attribute,
  });
  const { KeySchema } = await describeTable(table);
  expect(KeySchema).toEqual([{ AttributeName: key, KeyType: 'HASH' }]);
  expect(await timeToLive(table)).toMatchObject({ AttributeName: attribute });
  expect((await command(`create-table ${where}`)).out).toBe(`Table "${table}" exists already.\n`);
  expect((await command(`enable-ttl ${where} --json`)).json.changed).toBe(false);
});

test('enable-ttl turns it on, and refuses another attribute', async () => {
  const table = newTableName();
  const where = `--store koa --table ${table}`;
  await command(`create-table ${where} --no-time-to-live --pay-per-request`);
  expect((await timeToLive(table)).TimeToLiveStatus).toBe('DISABLED');
  expect((await command(`enable-ttl ${where}`)).out).toBe(
    `Turned on the time to live of table "${table}" on "expires".\n`,
  );
  // The requests that docs/COMMAND.md names permissions for.
  const proxy = await startProxy();
  const sent = new Set();
  proxy.hooks.before = ({ operation }) => sent.add(operation);
  await command(`enable-ttl ${where}`, { endpoint: proxy.endpoint });
  await proxy.stop();
  expect([...sent]).toEqual(['DescribeTimeToLive']);
  const other = await command(`enable-ttl ${where} --expires-attribute other`);
  expect(other.code).toBe(1);
  expect(other.errors).toMatch(
    /is on "expires", but the store writes the end of sessions to "other"/,
  );
});

test('options come from a file; flags replace them', async () => {
  const [table, other] = [await newTable(), await newTable()];
  const store = new DynamoDBStore({
    table,
    prefix: 'p:',
    dynamoConfig: dynamoConfig(),
    initialized: true,
  });
  await store.set('sid', { cookie: {}, account: { id: 'ann' } });
  await store.close();
  const options = {
    table,
    prefix: 'p:',
    identityKeys: ['account.id'],
    reapInterval: 1,
    store: 'express',
  };
  const files = [
    file('options.json', JSON.stringify(options)),
    file('options.cjs', `module.exports = ${JSON.stringify(options)};`),
    file('default.js', `exports.default = ${JSON.stringify(options)};`),
  ];
  for (const config of files) {
    const { lines } = await command('list --json', { args: ['--config', config] });
    expect(lines).toEqual([expect.objectContaining({ user: 'ann' })]);
  }
  const args = ['--config', files[0], '--table', other];
  expect(await command('list', { args })).toMatchObject({
    code: 0,
    errors: 'There is no session.\n',
  });
  const wrong = file('wrong.js', "throw new Error('hunter2')");
  const { code, errors } = await command('list', { args: ['--config', wrong] });
  expect(code).toBe(2);
  expect(errors).toMatch(/cannot be loaded \(Error\)/);
  const kind = file('kind.json', '{"store": "redis"}');
  expect((await command('list', { args: ['--config', kind] })).errors).toMatch(
    /must be express, koa or/,
  );
  const list = file('list.json', '[]');
  expect((await command('list', { args: ['--config', list] })).errors).toMatch(
    /must export an object/,
  );
});

test.each([
  ['koa', { table: 'name' }, '', /option "table" must be an object, but is /],
  ['koa', { table: 'name' }, '--table other', /option "table" must be an object, but is /],
  ['express', { dynamoConfig: 'x' }, '--region eu-west-1', /option "dynamoConfig" must be/],
  ['express', { encryption: 'x' }, '--no-encryption-write', /option "encryption" must be/],
  ['express', { hashIds: 'x' }, '--hash-ids-migrate', /option "hashIds" must be/],
])('a text in place of an object is refused: %s %j %s', async (store, options, flags, message) => {
  const config = file('text.json', JSON.stringify({ store, ...options }));
  const { code, errors } = await command(`list ${flags} --config ${config}`, { endpoint: null });
  expect(errors).toMatch(message);
  expect(code).toBe(2);
});

test('with autoCreate, a store for Koa has the end of sessions in the attribute of the time to live', async () => {
  const table = newTableName();
  await command(`create-table --store koa --table ${table} --expires-attribute ends`);
  const session = { session: { M: {} }, expires: { N: String(seconds() + 60) } };
  await putItem(table, {
    sessionId: { S: 'ended' },
    ...session,
    ends: { N: String(seconds() - 60) },
  });
  const config = file(
    'koa.json',
    JSON.stringify({ store: 'koa', table: { name: table, autoCreate: true } }),
  );
  const { lines } = await command('list --json', { args: ['--config', config] });
  expect(lines).toEqual([expect.objectContaining({ ended: true })]);
});

test('with an index, the sessions of a user are found and ended by it', async () => {
  const table = newTableName();
  const where = `--table ${table} --index user=user`;
  await command(`create-table ${where} --pay-per-request`);
  const lines = ['ann', 'ann', 'bob'].map((user, number) =>
    JSON.stringify({ sid: `session-${number}`, session: { cookie: {}, user } }),
  );
  await command(`import - ${where}`, { input: lines.join('\n') });
  const listed = await command(`list --user ann ${where} --json`);
  expect(listed.lines).toHaveLength(2);
  expect(listed.lines[0]).toMatchObject({ user: 'ann', lastSeen: expect.any(String) });
  expect((await command(`list --user ann ${where}`)).out).toMatch(/^[\w-]{22} +ann +/m);
  expect((await command(`list --user eve ${where}`)).code).toBe(3);
  expect((await command(`destroy --user ann ${where} --dry-run`)).out).toBe(
    'Would end 2 sessions.\n',
  );
  expect((await command(`destroy --user ann ${where} --yes`)).out).toBe('Ended 2 sessions.\n');
  expect((await command(`destroy --user ann ${where} --yes`)).code).toBe(3);
  expect(Object.keys(await items(table))).toEqual(['sess:session-2']);
});

test('reap goes on from its resume file', async () => {
  const table = await newTable();
  const put = (number) =>
    putItem(table, {
      id: { S: `sess:${number}` },
      type: { S: 'connect-session' },
      sess: { S: '{"cookie":{}}' },
      expires: { N: String(seconds() - 60) },
    });
  await Promise.all(Array.from({ length: 40 }, (_, number) => put(number)));
  const resume = join(folder, 'reap');
  const line = `reap --table ${table} --segments 1 --resume-file ${resume}`;
  const stop = new AbortController();
  const proxy = await startProxy();
  let scans = 0;
  proxy.hooks.before = ({ operation }) => {
    if (operation === 'Scan') scans += 1;
    // The first page is done, and the second one, which is in flight, is small too.
    if (scans === 2) stop.abort();
  };
  const { code, out, errors } = await command(`${line} --capacity-per-second 40`, {
    endpoint: proxy.endpoint,
    signal: stop.signal,
  });
  await proxy.stop();
  expect(scans).toBe(2);
  const [, first] = /^Deleted (\d+) ended sessions?\.$/m.exec(out);
  expect(code).toBe(130);
  expect(errors).toMatch(/^Stopped\. /);
  expect(Number(first)).toBeLessThan(40);
  expect(Object.keys(await items(table))).toHaveLength(40 - Number(first));
  const other = await command(line.replace('--segments 1', '--segments 2'));
  expect(other.code).toBe(2);
  expect(other.errors).toMatch(
    /^Error: --segments must be 1, as in the file of --resume-file, or/m,
  );
  expect(await command(line)).toMatchObject({ code: 0, out: 'Deleted 40 ended sessions.\n' });
  expect(await items(table)).toEqual({});
  file('reap', JSON.stringify({ command: 'reap', table: 'another', resume: 'x' }));
  expect((await command(line)).errors).toMatch(/is about another table/);
  file('reap', 'hunter2');
  expect((await command(line)).errors).toMatch(/is no resume file of this command/);
});

test('doctor shows each finding, and fails if there is an error', async () => {
  const table = newTableName();
  await command(`create-table --table ${table} --pay-per-request`);
  const well = await command(`doctor --table ${table}`);
  expect(well).toMatchObject({ code: 0, errors: '' });
  expect(well.out).toMatch(/^✓ table +The table "/m);
  expect(well.out).toMatch(/^✓ round-trip +A session was written/m);
  expect(well.out).toMatch(/\nAll is well\.\n$/);
  const wrong = await command(`doctor --table ${table} --hash-key other --json`);
  expect(wrong.code).toBe(1);
  expect(wrong.json).toMatchObject({ ok: false });
  expect(wrong.json.findings.find(({ check }) => check === 'key')).toMatchObject({
    status: 'error',
  });
  expect((await command(`doctor --table ${newTableName()} --strict`)).code).toBe(1);
  expect(await items(table)).toEqual({});
});

test('policy prints the least policy, and checks permissions', async () => {
  const table = await newTable();
  const line = `policy --table ${table} --region eu-west-1 --account 123456789012`;
  const { json } = await command(line);
  const [statement] = json.Statement;
  expect(statement.Resource).toBe(`arn:aws:dynamodb:eu-west-1:123456789012:table/${table}`);
  expect(statement.Action).toContain('dynamodb:CreateTable');
  expect(statement.Action).not.toContain('dynamodb:Scan');
  expect((await command(`${line} --use all`)).out).toContain('dynamodb:Scan');
  expect((await command(`${line} --format terraform`)).out).toMatch(
    /^data "aws_iam_policy_document"/,
  );
  expect((await command(`${line} --format cdk`)).out).toMatch(/PolicyStatement/);
  const config = file('policy.json', JSON.stringify({ table, initialized: true }));
  const limited = await command('policy', { args: ['--config', config] });
  expect(limited.out).not.toContain('CreateTable');
  const checked = await command(`policy --check --table ${table}`);
  expect(checked.code).toBe(0);
  expect(checked.out).toMatch(/^allowed +dynamodb:GetItem +reads of sessions$/m);
  expect((await command(`policy --check --table ${table} --json`)).json.ok).toBe(true);
});

'use strict';

/** The command `migrate`: which tables are the same, and what a dry run leaves alone. */

const { EventEmitter } = require('node:events');
const {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { Move } = require('../cli/move');
const { open } = require('../lib/command');
const { command } = require('./support/command');
const {
  describeTable,
  dynamoConfig,
  getItem,
  items,
  newTable,
  putItem,
  send,
} = require('./support/dynamodb');
const { hashOf, newSecret } = require('./support/hashed-ids');
const { startProxy } = require('./support/proxy-dynamodb');

/** The data of a session, large enough for compression. */
const sess = (from) => ({ S: JSON.stringify({ cookie: {}, from, text: 'x'.repeat(2000) }) });

/** Writes a session that never ends. */
const put = (table, id, from = 'source') =>
  putItem(table, { id: { S: `sess:${id}` }, type: { S: 'connect-session' }, sess: sess(from) });

let folder;
let proxy;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-places-'));
  proxy = await startProxy();
});
afterAll(async () => {
  await proxy.stop();
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  proxy.hooks.before = () => {};
  proxy.hooks.changes = (_call, answer) => answer;
});

/** Lets the proxy answer as the endpoint of another region, where a table has the same name as here. */
function elsewhere(table, real) {
  proxy.hooks.before = ({ body }) => {
    if (body.TableName === table) body.TableName = real;
  };
  proxy.hooks.changes = ({ operation }, answer) => {
    if (operation !== 'DescribeTable') return answer;
    const TableArn = `arn:aws:dynamodb:eu-west-1:000000000000:table/${table}`;
    return { Table: { ...answer.Table, TableName: table, TableArn } };
  };
}

/** Writes a module with the options of a store whose client goes to an endpoint. */
function configWithClient(name, { table, endpoint, transport, more = '' }) {
  const file = join(folder, name);
  writeFileSync(
    file,
    `const { DynamoDBClient } = require(${JSON.stringify(require.resolve('@aws-sdk/client-dynamodb'))});
     module.exports = {
       table: ${JSON.stringify(table)},
       transport: ${JSON.stringify(transport)},
       client: new DynamoDBClient(${JSON.stringify({ ...dynamoConfig(), endpoint })}),
       ${more}
     };`,
  );
  return file;
}

test('a table of the same name at another endpoint is another table', async () => {
  const [table, other] = [await newTable(), await newTable()];
  await put(table, 'sid');
  elsewhere(table, other);
  const line = `migrate --table ${table} --to-endpoint ${proxy.endpoint} --yes --json`;
  expect((await command(line)).json).toEqual({ moved: 1 });
  expect(await getItem(other, 'sess:sid')).toMatchObject({ sess: sess('source') });
});

test.each(['native', 'client'])(
  'so is a table of the same name that another client reaches, with the transport "%s"',
  async (transport) => {
    const [table, other] = [await newTable(), await newTable()];
    await put(table, 'sid');
    elsewhere(table, other);
    const here = { table, transport, endpoint: process.env.DYNAMODB_ENDPOINT };
    const from = configWithClient(`from-${transport}.js`, here);
    const to = configWithClient(`to-${transport}.js`, { ...here, endpoint: proxy.endpoint });
    const args = ['--from', from, '--to', to];
    const copied = await command('migrate --yes --json', { args, endpoint: null });
    expect(copied).toMatchObject({ code: 0, errors: '' });
    expect(copied.json).toEqual({ moved: 1 });
    expect(await getItem(other, 'sess:sid')).toBeDefined();

    const compress = 'compress: { threshold: 1 },';
    args[3] = configWithClient(`same-${transport}.js`, { ...here, more: compress });
    const rewritten = await command('migrate --yes --json', { args, endpoint: null });
    expect(rewritten.json).toEqual({ moved: 1 });
    expect((await getItem(table, 'sess:sid')).sess.B).toBeDefined();
  },
);

test('a table and its ARN are the same table', async () => {
  const table = await newTable();
  await put(table, 'sid');
  const { TableArn } = await describeTable(table);
  const args = ['--to-table', TableArn];
  for (const same of [args, ['--to-table', table], ['--to-prefix', 'sess:']]) {
    const refused = await command(`migrate --table ${table} --yes`, { args: same });
    expect(refused).toMatchObject({ code: 2, errors: expect.stringMatching(/are the same/) });
  }
  const { json } = await command(`migrate --table ${table} --to-compress --yes --json`, { args });
  expect(json).toEqual({ moved: 1 });
  expect((await getItem(table, 'sess:sid')).sess.B).toBeDefined();
});

test('where it is not known whether two tables are the same, nothing is done', async () => {
  const table = await newTable();
  await put(table, 'sid');
  const before = await items(table);
  // DynamoDB Local has the same table for all regions, and no ids of tables.
  const region = await command(
    `migrate --table ${table} --to-region eu-west-1 --to-compress --yes`,
  );
  expect(region).toMatchObject({
    code: 2,
    errors: expect.stringMatching(/endpoints or regions differ/),
  });
  proxy.hooks.changes = ({ operation }, answer) =>
    operation === 'DescribeTable' ? { Table: { ...answer.Table, TableArn: undefined } } : answer;
  const line = `migrate --table ${table} --to-compress --yes`;
  const nameless = await command(line, { endpoint: proxy.endpoint });
  expect(nameless).toMatchObject({
    code: 2,
    errors: expect.stringMatching(/does not tell the ARN/),
  });
  expect(await items(table)).toEqual(before);
});

test('the id of a table tells it from another one with the same ARN', async () => {
  const [table, other] = [await newTable(), await newTable()];
  await put(table, 'sid');
  const { TableArn, CreationDateTime } = await describeTable(table);
  elsewhere(table, other);
  const { changes } = proxy.hooks;
  let id = 'another';
  proxy.hooks.changes = (call, answer) => {
    const { Table, ...rest } = changes(call, answer);
    return Table
      ? { Table: { ...Table, TableArn, TableId: id, CreationDateTime } }
      : { Table, ...rest };
  };
  const own = await startProxy();
  own.hooks.changes = ({ operation }, answer) =>
    operation === 'DescribeTable' ? { Table: { ...answer.Table, TableId: 'own' } } : answer;
  const ends = `--from-endpoint ${own.endpoint} --to-endpoint ${proxy.endpoint}`;
  const line = `migrate --table ${table} ${ends} --to-compress --dry-run`;
  const file = join(folder, 'by-id');
  expect((await command(line)).code).toBe(0);
  const copied = await command(
    `${line.replace('--dry-run', '--yes')} --json --resume-file ${file}`,
  );
  expect(copied.json).toEqual({ moved: 1 });
  expect((await getItem(other, 'sess:sid')).sess.B).toBeDefined();
  // The same id at two endpoints: in place.
  id = 'own';
  proxy.hooks.before = () => {};
  expect((await command(line.replace('--dry-run', '--yes --json'))).json).toEqual({ moved: 1 });
  await own.stop();
});

test('if all sessions have ended meanwhile, the command fails', async () => {
  const table = await newTable();
  await put(table, 'sid');
  proxy.hooks.before = async ({ operation, body: { Key } }) => {
    if (operation === 'GetItem') await send('DeleteItem', { TableName: table, Key });
  };
  const line = `migrate --table ${table} --to-compress --yes --json`;
  const { code, errors, json } = await command(line, { endpoint: proxy.endpoint });
  expect(json).toEqual({ gone: 1 });
  expect(code).toBe(1);
  expect(errors).toMatch(/^Warning: no session was moved/);
});

test('a session that the target lacks, and the source still has, has not ended', async () => {
  const [table, other] = [await newTable(), await newTable()];
  await put(table, 'sid');
  const options = { dynamoConfig: dynamoConfig(), initialized: true, reapInterval: 0 };
  const source = open('express', { ...options, table }, new EventEmitter());
  const hashIds = { secret: newSecret(), migrate: true };
  const target = open('express', { ...options, table: other, hashIds }, new EventEmitter());
  const move = new Move(source, target, { isInPlace: true });
  expect(await move.run({ sid: 'sid', data: '{}' })).toBe('different');
  await Promise.all([source.sessions.close(), target.sessions.close()]);
});

describe('a target with hashed ids', () => {
  const [secret, former] = [newSecret(), newSecret('f')];
  const env = { DYNAMO_SESSION_STORE_ID_SECRETS: `${secret},${former}` };
  let table;
  let copy;
  let line;
  beforeEach(async () => {
    [table, copy] = [await newTable(), await newTable()];
    for (const id of ['plain', 'former', 'new']) await put(table, id);
    await put(copy, 'plain', 'target');
    await put(copy, hashOf('former', former), 'target');
    line = `--from-table ${table} --to-table ${copy} --json`;
  });

  test.each([
    ['', { moved: 2, existing: 1 }],
    ['--to-hash-ids-migrate', { moved: 1, existing: 2 }],
  ])('a dry run moves no session there: %s', async (flag, counts) => {
    const before = await items(copy);
    const { json } = await command(`migrate ${line} ${flag} --dry-run`, { env });
    expect(json).toEqual({ ...counts, dryRun: true });
    expect(await items(copy)).toEqual(before);
    const input = JSON.stringify({ sid: 'plain', session: { cookie: {} } });
    const target = `--table ${copy} ${flag.replace('--to', '-')}`;
    const imported = await command(`import - ${target} --dry-run --json`, { env, input });
    expect(imported.json.existing).toBe(flag ? 1 : 0);
    expect((await command(`destroy former ${target} --dry-run`, { env })).code).toBe(0);
    expect(await items(copy)).toEqual(before);
  });

  test('a copy does not move the sessions under plain ids', async () => {
    const { json } = await command(`migrate ${line} --yes`, { env });
    expect(json).toEqual({ moved: 2, existing: 1 });
    const all = await items(copy);
    expect(all['sess:plain']).toMatchObject({ sess: sess('target') });
    expect(all[`sess:${hashOf('plain', secret)}`]).toMatchObject({ sess: sess('source') });
    expect(Object.keys(all)).toHaveLength(4);
  });
});

test('the resume file goes through no link', async () => {
  const [table, copy] = [await newTable(), await newTable()];
  await Promise.all(Array.from({ length: 40 }, (_, number) => put(table, `s${number}`)));
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'theirs');
  const file = join(folder, 'linked');
  symlinkSync(victim, `${file}.tmp`);
  const stop = new AbortController();
  proxy.hooks.before = ({ operation }) => {
    if (operation === 'PutItem' && existsSync(file)) stop.abort();
  };
  const line = `migrate --from-table ${table} --to-table ${copy} --capacity-per-second 100 --yes`;
  const args = ['--segments', '1', '--resume-file', file];
  const { code } = await command(line, { args, endpoint: proxy.endpoint, signal: stop.signal });
  expect(code).toBe(130);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toHaveProperty('resume');
  expect(readFileSync(victim, 'utf8')).toBe('theirs');
  expect(readdirSync(folder).filter((name) => name.startsWith('linked'))).toEqual([
    'linked',
    'linked.tmp',
  ]);
});

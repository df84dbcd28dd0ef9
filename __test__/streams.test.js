'use strict';

/** `readStreamRecord`, on records of a real stream. */

const { execFileSync } = require('node:child_process');
const { join } = require('node:path');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { readStreamRecord } = require('../streams');
const { describeTable, newTable, seconds, setExpires } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');

// The example has a package.json of its own, so it does not find this package by its name.
jest.mock('dynamo-session-store/streams', () => jest.requireActual('../streams'), {
  virtual: true,
});

const express = storesOf(DynamoDBStore, { initialized: true });
const koa = storesOf(KoaStore);

/** Calls DynamoDB Streams. */
async function call(operation, input) {
  const response = await fetch(process.env.DYNAMODB_ENDPOINT, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDBStreams_20120810.${operation}`,
      // DynamoDB Local takes any signature, and makes a database of the key's id.
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20261128/us-east-1/dynamodb/aws4_request, ' +
        'SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify(input),
  });
  const output = await response.json();
  if (response.status !== 200) throw new Error(`${operation}: ${JSON.stringify(output)}`);
  return output;
}

/** A table with a stream. */
function newStreamedTable(view = 'NEW_AND_OLD_IMAGES') {
  return newTable({ StreamSpecification: { StreamEnabled: true, StreamViewType: view } });
}

/** The records of a table's stream, once there are `count`. */
async function records(table, count) {
  const { LatestStreamArn: StreamArn } = await describeTable(table);
  const { StreamDescription } = await call('DescribeStream', { StreamArn });
  const [{ ShardId }] = StreamDescription.Shards;
  const found = [];
  let { ShardIterator } = await call('GetShardIterator', {
    StreamArn,
    ShardId,
    ShardIteratorType: 'TRIM_HORIZON',
  });
  while (found.length < count) {
    const page = await call('GetRecords', { ShardIterator });
    found.push(...page.Records);
    ShardIterator = page.NextShardIterator;
  }
  return found;
}

const cookie = () => ({ maxAge: 60_000 });

test('a session that is made, saved, touched and destroyed', async () => {
  const table = await newStreamedTable();
  const store = express.newStore({ table });
  await store.set('sid', { cookie: cookie() });
  await store.set('sid', { cookie: cookie(), user: 'ann' });
  await store.touch('sid', { cookie: { maxAge: 120_000 } });
  await store.destroy('sid');
  const changes = (await records(table, 4)).map((record) =>
    readStreamRecord(record, { prefix: 'sess:' }),
  );
  expect(changes.map(({ type }) => type)).toEqual(['create', 'change', 'change', 'destroy']);
  const [{ handle, time, expires }] = changes;
  expect(handle).toMatch(/^[\w-]{22}$/);
  for (const change of changes) expect(change.handle).toBe(handle);
  expect(Math.abs(time - Date.now())).toBeLessThan(60_000);
  expect(expires - time).toBeGreaterThan(50_000);
  expect(JSON.stringify(changes)).not.toContain('sid');
});

test('a session that has expired, by reap and by the time to live', async () => {
  const table = await newStreamedTable();
  const store = express.newStore({ table });
  await store.set('sid', { cookie: cookie() });
  await setExpires(table, 'sess:sid', seconds() - 60);
  await store.reap();
  const [, , deletion] = await records(table, 3);
  expect(readStreamRecord(deletion)).toMatchObject({ type: 'expire' });
  // DynamoDB Local has no such deletions. They have these fields: https://docs.aws.amazon.com/amazondynamodb/
  // latest/developerguide/time-to-live-ttl-streams.html
  const { OldImage: _, ...withoutImage } = deletion.dynamodb;
  const byKeys = { ...deletion, dynamodb: withoutImage };
  expect(readStreamRecord(byKeys)).toMatchObject({ type: 'destroy', expires: undefined });
  for (const userIdentity of [
    { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
    { Type: 'Service', PrincipalId: 'dynamodb.amazonaws.com' },
  ]) {
    expect(readStreamRecord({ ...byKeys, userIdentity })).toMatchObject({ type: 'expire' });
  }
});

test.each(['NEW_AND_OLD_IMAGES', 'KEYS_ONLY'])(
  'locks and other items are no sessions (%s)',
  async (view) => {
    const table = await newStreamedTable(view);
    const store = express.newStore({ table });
    const other = express.newStore({ table, prefix: 'other:' });
    await other.set('sid', { cookie: cookie() });
    await store.withLock('sid', () => {});
    const found = await records(table, 3);
    for (const record of found)
      expect(readStreamRecord(record, { prefix: 'sess:' })).toBeUndefined();
  },
);

test('sessions of Koa, with the end in another attribute', async () => {
  const table = await newStreamedTable();
  const store = koa.newStore({
    table: { name: table, hashKey: 'id', ttlKey: 'end' },
  });
  await store.set('sid', { user: 'ann' }, 60_000);
  const [record] = await records(table, 1);
  const { type, expires } = readStreamRecord(record, { expires: 'end' });
  expect(type).toBe('create');
  expect(expires).toBeInstanceOf(Date);
  expect(readStreamRecord(record)).toMatchObject({ type: 'create', expires: undefined });
});

test('the time of a record from AWS Lambda is a number', () => {
  const record = {
    eventName: 'INSERT',
    dynamodb: { Keys: { id: { S: 'sess:sid' } }, ApproximateCreationDateTime: 1_795_892_400.5 },
  };
  expect(readStreamRecord(record)).toMatchObject({ time: new Date(1_795_892_400_500) });
  expect(readStreamRecord({ ...record, eventName: 'OTHER' })).toBeUndefined();
  const twoKeys = { id: { S: 'a' }, sort: { S: 'b' } };
  expect(readStreamRecord({ ...record, dynamodb: { Keys: twoKeys } })).toBeUndefined();
  expect(readStreamRecord({ ...record, dynamodb: { Keys: { id: { N: '5' } } } })).toBeUndefined();
});

test.each([
  [undefined],
  [{}],
  [{ eventName: 'INSERT' }],
  [{ eventName: 'INSERT', dynamodb: { Keys: {} } }],
])('a wrong record: %j', (record) => {
  expect(() => readStreamRecord(record)).toThrow(
    expect.objectContaining({ code: 'ERR_INVALID_ARG_VALUE' }),
  );
});

test('the entry does not load the addon', () => {
  const program = `
    require(${JSON.stringify(join(__dirname, '..', 'streams'))});
    console.log(process.report.getReport().sharedObjects.some((path) => path.endsWith('.node')));`;
  expect(execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' }).trim()).toBe(
    'false',
  );
});

test('the example writes a line for each session that begins or ends', async () => {
  const table = await newStreamedTable();
  const store = express.newStore({ table });
  await store.set('sid', { cookie: cookie() });
  await store.set('sid', { cookie: cookie(), user: 'ann' });
  await store.destroy('sid');
  const { handler } = require('../examples/streams/handler');
  const lines = [];
  const log = jest.spyOn(console, 'log').mockImplementation((line) => lines.push(JSON.parse(line)));
  await handler({ Records: await records(table, 3) });
  log.mockRestore();
  expect(lines.map(({ event }) => event)).toEqual(['session.create', 'session.destroy']);
  expect(lines[0].session).toBe(lines[1].session);
});

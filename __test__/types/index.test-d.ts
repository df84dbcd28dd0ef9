import { type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb';
// Not the entry of aws-sdk: it declares all services of AWS, a million lines.
import DynamoDB = require('aws-sdk/clients/dynamodb');
import { Credentials, Endpoint } from 'aws-sdk/lib/core';
import express = require('express');
import session = require('express-session');
import { expectAssignable, expectError, expectNotAssignable, expectType } from 'tsd';
import connect = require('../..');

interface SessionData {
  name: string;
  animal: 'cow' | 'pig';
}

// Every form of making the class.
const DynamoDBStore = connect<SessionData>(session);
connect({ session });
connect({ Store: session.Store });
expectError(connect({}));
expectError(connect(express));

// Every option, and none.
new DynamoDBStore();
const store = new DynamoDBStore({
  table: 'sessions',
  hashKey: 'id',
  prefix: 'sess:',
  compress: { threshold: 900 },
  encryption: {
    keys: [Buffer.alloc(32), 'base64'],
    plaintext: 'refuse',
    write: true,
    refresh: 3_600_000,
  },
  client: new DynamoDBClient({}),
  readCapacityUnits: 5,
  writeCapacityUnits: '5',
  payPerRequest: true,
  timeToLive: false,
  initialized: true,
  consistentRead: false,
  probeKey: 'nobody',
  batch: true,
  batchThreshold: 8,
  ttl: ({ animal }) => (animal === 'cow' ? 1000 : 2000),
  specialKeys: [{ name: 'userId', type: 'S' }],
  skipThrowMissingSpecialKeys: true,
  reapInterval: 0,
  maxPendingCalls: 1000,
  operationTimeout: 10_000,
  credentialsTimeout: 5000,
  tableTimeout: 120_000,
});
new DynamoDBStore({ client: new DynamoDB(), ttl: 1000 });
new DynamoDBStore({ client: new DynamoDB.DocumentClient() });
new DynamoDBStore({ AWSConfigPath: './aws.json' });
new DynamoDBStore({ AWSConfigJSON: { region: 'us-east-1', maxRetries: 3 } });
new DynamoDBStore({ AWSRegion: 'us-east-1' });
new DynamoDBStore({
  dynamoConfig: {
    region: 'us-east-1',
    endpoint: new Endpoint('http://localhost:8000'),
    credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's', expiration: new Date() }),
    maxAttempts: 3,
    requestTimeout: 1000,
    connectTimeout: 1000,
    proxy: 'http://proxy.example.com:3128',
    httpOptions: { timeout: 1000, connectTimeout: 1000 },
    useDualstackEndpoint: true,
    useFipsEndpoint: true,
  },
});
new DynamoDBStore({ dynamoConfig: { proxy: new URL('https://proxy.example.com') } });
new DynamoDBStore({ dynamoConfig: { credentials: new Credentials('a', 's') } });

// What a table gets that is created, under AWS's names.
const createTable: connect.CreateTableSettings = {
  DeletionProtectionEnabled: true,
  OnDemandThroughput: { MaxReadRequestUnits: 400 },
  PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 7 },
  SSESpecification: { Enabled: true, KMSMasterKeyId: 'alias/sessions', SSEType: 'KMS' },
  TableClass: 'STANDARD_INFREQUENT_ACCESS',
  Tags: [{ Key: 'team', Value: 'web' }],
  WarmThroughput: { ReadUnitsPerSecond: 13_000, WriteUnitsPerSecond: 5000 },
};
new DynamoDBStore({ payPerRequest: true, createTable });
// A command of aws-sdk v3 takes the same.
expectAssignable<Partial<CreateTableCommandInput>>({
  ...createTable,
  Tags: [...(createTable.Tags ?? [])],
});
expectError(new DynamoDBStore({ createTable: { deletionProtectionEnabled: true } }));
expectError(new DynamoDBStore({ createTable: { TableClass: 'INFREQUENT' } }));
expectError(new DynamoDBStore({ createTable: { Tags: { team: 'web' } } }));
expectError(new DynamoDBStore({ table: 5 }));
expectError(new DynamoDBStore({ specialKeys: [{ name: 'userId', type: 'SS' }] }));
expectError(new DynamoDBStore({ tabel: 'sessions' }));
expectError(new DynamoDBStore({ client: {} }));

// It is a store of express-session.
expectAssignable<session.Store>(store);
express().use(session({ store, secret: 'keyboard cat' }));
// biome-ignore lint/suspicious/noAssignInExpressions: that it is refused is the test
expectError((store.table = 'other'));
expectType<boolean>(store.initialized);

// Each method with a promise and with a callback.
type Stored = SessionData & session.SessionData;
const cookie = new session.Cookie();
const data: Stored = { name: 'Ann', animal: 'pig', cookie };

expectType<Promise<Stored | null>>(store.get('sid'));
store.get('sid', (error, found) => {
  expectType<connect.CallbackError>(error);
  expectType<Stored | null | undefined>(found);
});
expectType<Promise<void>>(store.set('sid', data));
store.set('sid', data, (error) => expectType<connect.CallbackError>(error));
expectError(store.set('sid', { name: 'Ann', animal: 'dog', cookie }));
expectError(store.set('sid'));
expectType<Promise<{ expires: number } | undefined>>(store.touch('sid', data));
store.touch('sid', data, (error, result) => {
  expectType<connect.CallbackError>(error);
  expectType<{ expires: number } | undefined>(result);
});
expectType<Promise<void>>(store.destroy('sid'));
store.destroy('sid', (error) => expectType<connect.CallbackError>(error));
expectType<Promise<Array<Stored & { id: string }>>>(store.all());
store.all((_error, sessions) => {
  expectType<Array<Stored & { id: string }> | undefined>(sessions);
});
expectType<Promise<number>>(store.length());
store.length((_error, length) => expectType<number | undefined>(length));
expectType<Promise<string[]>>(store.ids());
store.ids((_error, ids) => expectType<string[] | undefined>(ids));
expectType<Promise<void>>(store.clear());
store.clear(() => {});
expectType<Promise<number>>(store.reap());
store.reap((_error, reaped) => expectType<number | undefined>(reaped));
expectType<Promise<number>>(store.reap({ segments: 4, capacityPerSecond: 0.5 }));
store.reap({ resume: 'token' }, (_error, reaped) => expectType<number | undefined>(reaped));
expectType<Promise<number>>(store.length({ signal: new AbortController().signal }));
store.length(undefined, (_error, length) => expectType<number | undefined>(length));
expectType<Promise<string[]>>(store.ids({}));
store.ids({ segments: 2 }, (_error, ids) => expectType<string[] | undefined>(ids));
expectType<Promise<void>>(store.clear({ segments: 2 }));
store.clear({ segments: 2 }, (error) => expectType<Error | null | undefined>(error));
expectError(store.reap({ segment: 4 }));
expectError(store.sessions(() => {}));
(async () => {
  for await (const each of store.sessions({ segments: 2 })) {
    const { sid, handle, session, expires, indexed, ...times } = each;
    expectType<string>(sid);
    expectType<string>(handle);
    expectType<string | undefined>(indexed.user?.label);
    expectType<Stored>(session);
    expectType<Date | undefined>(expires);
    expectType<{ createdAt: Date | undefined; lastSeen: Date | undefined }>(times);
  }
})();
store.on('progress', ({ operation, capacity, resume }) => {
  expectType<'reap' | 'clear' | 'length' | 'ids' | 'sessions'>(operation);
  expectType<number | undefined>(capacity);
  expectType<string>(resume);
});
expectType<Promise<string>>(store.withLock('sid', async ({ token }) => `${token}`));
expectType<Promise<boolean>>(
  store.withLock(
    'sid',
    { lease: 1000, wait: 0, signal: AbortSignal.timeout(5) },
    ({ signal }) => signal.aborted,
  ),
);
expectError(store.withLock('sid', { ttl: 5 }, () => {}));
expectError(store.withLock('sid'));
expectType<Promise<void>>(store.initialize());
expectType<Promise<void>>(store.describeSessionsTable());
expectType<Promise<void>>(store.createSessionsTable());
expectType<Stored | null>(store.getParsedSession({ Item: {} }));
expectType<number>(store.getExpiresValue(data));
expectType<number>(store.getExpiresValue({ cookie }));
expectType<void>(store.clearInterval());
expectType<Promise<void>>(store.close());
store.on('warning', ({ message, code }) => {
  expectType<string>(message);
  expectType<string | undefined>(code);
});

// The ready-made class, which can be extended as the made one can.
class Mine extends connect.DynamoDBStore<SessionData> {}
class Made extends DynamoDBStore {}
expectAssignable<session.Store>(new Mine());
expectAssignable<connect.DynamoDBStore<SessionData>>(new Made());
expectType<Promise<connect.Stored<session.SessionData> | null>>(
  new connect.DynamoDBStore().get('sid'),
);

// Errors.
const error = new Error() as connect.SessionStoreError;
expectType<string>(error.code);
expectType<boolean>(error.retryable);
expectNotAssignable<connect.SessionStoreError>(new Error());
expectType<readonly { readonly reason: string; readonly resource: string }[]>(
  error.throttlingReasons ?? [],
);

// Any client, the way to use it, and what the SDKs' constructors take.
new DynamoDBStore({ client: { send: async () => ({}) }, transport: 'client' });
new DynamoDBStore({ client: { getItem: (_input: object, callback: () => void) => callback() } });
expectError(new DynamoDBStore({ client: {} }));
expectError(new DynamoDBStore({ transport: 'http' }));
new DynamoDBStore({
  dynamoConfig: {
    region: async () => 'eu-west-1',
    endpoint: { url: new URL('http://localhost:8000') },
    maxAttempts: () => 5,
    retryMode: 'adaptive',
    customUserAgent: [['shop', '1.2'], ['beta']],
    userAgentAppId: async () => 'shop',
    requestHandler: { requestTimeout: 1000 },
    logger: console,
  },
});
expectType<'native' | 'client'>(new DynamoDBStore().transport);
new DynamoDBStore().client.send({});

// The options for marks beside a session, and the methods for indexes.
new DynamoDBStore({ absoluteTtl: 28_800_000 });
new DynamoDBStore({ absoluteTtl: { ttl: 28_800_000, regenerate: 'restart' } });
expectError(new DynamoDBStore({ absoluteTtl: { ttl: 1, regenerate: 'anew' } }));
const indexed = new DynamoDBStore({
  indexes: {
    user: {
      value: ({ name }) => name,
      attribute: 'user',
      index: 'user-index',
      max: 5,
      over: 'refuse',
      label: (_session, request) => request.get('user-agent'),
    },
    provider: { value: 'oidc.sid' },
  },
});
expectError(new DynamoDBStore({ indexes: { user: { value: () => ({}) } } }));
expectType<Promise<connect.IndexedSession[]>>(
  indexed.sessionsOf('user', 'ann', { current: 'sid' }),
);
expectType<Promise<number>>(indexed.destroyOf('user', 7, { except: 'sid', handle: 'handle' }));
expectType<Promise<void>>(indexed.ensureIndexes());
indexed.sessionsOf('user', 'ann', (_error, sessions) => {
  expectType<connect.IndexedSession[] | undefined>(sessions);
  expectType<Date | undefined>(sessions?.[0]?.createdAt);
});
indexed.destroyOf('user', 'ann', { except: 'sid' }, (_error, destroyed) =>
  expectType<number | undefined>(destroyed),
);
indexed.ensureIndexes((error) => expectType<connect.CallbackError>(error));
indexed.on('index', ({ state }) => expectType<'waiting' | 'creating' | 'active'>(state));

new DynamoDBStore({ compress: true, encryption: { keys: async () => [new Uint8Array(32)] } });
expectError(new DynamoDBStore({ compress: 'yes' }));
expectError(new DynamoDBStore({ encryption: {} }));
expectError(new DynamoDBStore({ encryption: { keys: [7] } }));
expectAssignable<connect.EncryptionOptions>({ keys: ['base64'] });

new DynamoDBStore({ hashIds: { secret: 'text', migrate: true } });
new DynamoDBStore({ hashIds: { secret: [new Uint8Array(32), 'text'], write: false } });
expectError(new DynamoDBStore({ hashIds: {} }));
expectError(new DynamoDBStore({ hashIds: { secret: 7 } }));
expectAssignable<connect.HashIdsOptions>({ secret: 'text' });

// The channels, their messages and the counters.
expectType<'dynamo-session-store:operation'>(connect.CHANNELS.OPERATION);
expectAssignable<connect.Channels>(connect.CHANNELS);
// biome-ignore lint/suspicious/noAssignInExpressions: that it is refused is the test
expectError((connect.CHANNELS.RETRY = 'dynamo-session-store:throttle'));
declare const call: connect.OperationMessage;
expectType<'aws.dynamodb'>(call['db.system.name']);
expectType<number>(call.startTime);
expectType<number | undefined>(call.duration);
expectType<string | undefined>(call['error.type']);
declare const sent: connect.RequestMessage;
expectType<readonly connect.OperationMessage[]>(sent.operations);
expectType<'fast' | 'sdk' | 'client' | undefined>(sent.path);
expectType<string | undefined>(sent['cloud.region']);
declare const retry: connect.RetryMessage;
expectType<connect.RequestMessage | undefined>(retry.context);
declare const throttle: connect.ThrottleMessage;
expectType<string>(throttle['error.type']);
declare const breaker: connect.BreakerMessage;
expectType<'open' | 'closed'>(breaker.state);
declare const given: connect.CredentialsMessage;
expectType<Date | undefined>(given.expires);
declare const connection: connect.ConnectionMessage;
expectType<'open' | 'close' | 'error'>(connection.state);
declare const table: connect.TableMessage;
expectType<'found' | 'created' | 'lost'>(table.state);
expectType<connect.StoreStats>(store.stats());
expectType<number>(store.stats().capacity.read);
expectType<Readonly<Record<string, number>>>(store.stats().operations.get.errors);
// biome-ignore lint/suspicious/noAssignInExpressions: that it is refused is the test
expectError((store.stats().pending = 1));
new DynamoDBStore({ returnConsumedCapacity: true });
expectError(new DynamoDBStore({ returnConsumedCapacity: 'TOTAL' }));

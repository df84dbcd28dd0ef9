import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
// Not the entry of aws-sdk: it declares all services of AWS, a million lines.
import DynamoDB = require('aws-sdk/clients/dynamodb');
import Koa = require('koa');
import { type CreateSessionOptions, createSession } from 'koa-session';
import { expectAssignable, expectError, expectType } from 'tsd';
import DynamoDBStore = require('../../koa');
// The declarations of koa-session 6; version 7 brings its own.
import type session6 = require('../../node_modules/@types/koa-session/index');

// Every option, and none.
new DynamoDBStore();
new DynamoDBStore(null, (error) => expectType<DynamoDBStore.CallbackError>(error));
const store = new DynamoDBStore.DynamoDBStore({
  table: {
    name: 'sessions',
    hashKey: 'sessionId',
    ttlKey: 'expires',
    useTtlExpired: true,
    readCapacityUnits: 5,
    writeCapacityUnits: '5',
    autoCreate: false,
  },
  payPerRequest: true,
  consistentRead: false,
  probeKey: 'nobody',
  batch: true,
  batchThreshold: 8,
  ttl: 1000,
  maxPendingCalls: 1000,
  operationTimeout: 10_000,
  tableTimeout: 120_000,
  dynamoConfig: { region: 'local', endpoint: 'http://localhost:8000' },
});
new DynamoDBStore({ client: new DynamoDBClient({}) });
new DynamoDBStore({ client: new DynamoDB(), ttl: ({ admin }) => (admin ? 1000 : 2000) });
declare const createTable: DynamoDBStore.CreateTableSettings;
new DynamoDBStore({ createTable });
expectError(new DynamoDBStore({ createTable: { BillingMode: 'PAY_PER_REQUEST' } }));
expectError(new DynamoDBStore({ table: 'sessions' }));
expectError(new DynamoDBStore({ table: { tableName: 'sessions' } }));

// It is a store of koa-session, and so is a class that extends it.
class ContextStore extends DynamoDBStore {
  constructor(_ctx: unknown) {
    super();
  }
}
const app = new Koa();
app.use(createSession({ store }, app));
app.use(createSession({ ContextStore }, app));
expectAssignable<CreateSessionOptions['store']>(store);
expectAssignable<session6.opts['store']>(store);
expectAssignable<session6.opts['ContextStore']>(ContextStore);

// Each method.
expectType<Promise<void>>(store.set('key', { user: 'ann' }, 1000, { changed: true }));
expectType<Promise<void>>(store.set('key', {}, 'session'));
expectType<Promise<void>>(store.set('key', {}));
expectError(store.set('key', 'text'));
expectType<Promise<void>>(store.set('key', {}, 1000, { ctx: {}, changed: false, rolling: true }));
expectError(store.set('key', {}, 1000, { changed: 'yes' }));
store.get('key');
store.get('key', 1000, { ctx: {}, rolling: true });
expectType<Promise<void>>(store.destroy('key'));
expectType<Promise<void>>(store.destroy('key', { ctx: {} }));
(async () => {
  for await (const { sid, expires } of store.sessions({ capacityPerSecond: 100 })) {
    expectType<string>(sid);
    expectType<Date | undefined>(expires);
  }
})();
expectError(store.sessions({ limit: 7 }));
store.on('progress', ({ read }) => expectType<number>(read));
expectType<Promise<number>>(store.withLock('key', { wait: 0 }, ({ token }) => token));
expectType<Promise<void>>(store.createTableIfDontExists());
expectType<void>(store.createTableIfDontExists(() => {}));
expectType<Promise<DynamoDBStore.TableFacts | null>>(store.isTableCreated());
expectType<Promise<void>>(store.createTable());
expectType<Promise<boolean>>(store.updateTable());
expectType<Promise<void>>(store.setTtlField());
expectType<Date>(store.getExpirationDate('session'));
expectType<Promise<void>>(store.close());
// biome-ignore lint/suspicious/noAssignInExpressions: that it is refused is the test
expectError((store.ttlKey = 'other'));
store.on('warning', ({ message, code }) => {
  expectType<string>(message);
  expectType<string | undefined>(code);
});

expectType<DynamoDBStore.Transport>(store.transport);
store.dynamoService.describeTable = () => {};
store.documentClient.get({});

// The options for marks beside a session, and the methods for indexes.
const indexed = new DynamoDBStore({
  absoluteTtl: { ttl: 28_800_000 },
  indexes: { user: { value: 'user', label: (_session, ctx) => ctx.get('user-agent') } },
});
expectType<Promise<DynamoDBStore.IndexedSession[]>>(indexed.sessionsOf('user', 'ann'));
expectType<Promise<number>>(indexed.destroyOf('user', 'ann', { handle: 'handle' }));
indexed.on('index', ({ name }) => expectType<string>(name));

new DynamoDBStore({ hashIds: { secret: 'text', migrate: true } });
expectAssignable<DynamoDBStore.HashIdsOptions>({ secret: ['text'], write: false });

// The channels and the counters, which all stores share.
expectType<'dynamo-session-store:breaker'>(DynamoDBStore.CHANNELS.BREAKER);
expectType<DynamoDBStore.StoreStats>(store.stats());
new DynamoDBStore({ returnConsumedCapacity: true });
declare const call: DynamoDBStore.OperationMessage;
expectType<number | undefined>(call.queueTime);

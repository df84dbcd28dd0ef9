import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Session } from '@shopify/shopify-api';
import type { SessionStorage } from '@shopify/shopify-app-session-storage';
import { expectAssignable, expectError, expectType } from 'tsd';
import {
  CHANNELS,
  type CreateTableSettings,
  DynamoDBSessionStorage,
  type DynamoDBSessionStorageOptions,
  type OperationMessage,
  type StoreStats,
} from '../../shopify';

// Every option, and none.
new DynamoDBSessionStorage();
new DynamoDBSessionStorage({ config: { region: 'us-west-2' } });
const options: DynamoDBSessionStorageOptions = {
  sessionTableName: 'shopify_sessions',
  shopIndexName: 'shop_index',
  expiresTtl: 'ttl',
  consistentRead: false,
  probeKey: 'nobody',
  batch: true,
  batchThreshold: 8,
  readCapacityUnits: 1,
  writeCapacityUnits: '1',
  maxPendingCalls: 1000,
  operationTimeout: 10_000,
  tableTimeout: 120_000,
  client: new DynamoDBClient({}),
};
const storage = new DynamoDBSessionStorage(options);
declare const createTable: CreateTableSettings;
new DynamoDBSessionStorage({ createTable });
expectError(new DynamoDBSessionStorage({ createTable: { BillingMode: 'PAY_PER_REQUEST' } }));
expectError(new DynamoDBSessionStorage({ tableName: 'sessions' }));

// It is a storage of Shopify's app packages.
expectAssignable<SessionStorage>(storage);

declare const session: Session;
expectType<Promise<boolean>>(storage.storeSession(session));
expectType<Promise<Session | undefined>>(storage.loadSession('id'));
expectType<Promise<boolean>>(storage.deleteSession('id'));
expectType<Promise<boolean>>(storage.deleteSessions(['id']));
expectType<Promise<Session[]>>(storage.findSessionsByShop('shop'));
async function readAll(): Promise<void> {
  for await (const found of storage.sessions({ segments: 4 })) {
    expectType<string>(found.sid);
    expectType<Session>(found.session);
    expectError(found.expires);
  }
}
readAll();
expectError(storage.sessions({ limit: 7 }));
storage.on('progress', ({ operation, resume }) => {
  expectType<'sessions'>(operation);
  expectType<string>(resume);
});
expectType<Promise<void>>(storage.createTableIfNotExists());
expectType<Promise<void>>(storage.close());
expectError(storage.deleteSessions('id'));

// The channels and the counters, which all stores share.
expectType<'dynamo-session-store:table'>(CHANNELS.TABLE);
expectType<StoreStats>(storage.stats());
declare const call: OperationMessage;
expectType<number>(call.requests);

'use strict';

/** Options that are not known: the warning says what was meant. */

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');

const stores = {
  Express: "new (require('.').DynamoDBStore)",
  Koa: "new (require('./koa'))",
  Shopify: "new (require('./shopify').DynamoDBSessionStorage)",
};

/** The warnings of stores that are made with each of these options, in a process of their own. */
async function warnings(store, all) {
  const script = all.map((options) => `${stores[store]}(${JSON.stringify(options)});`).join('\n');
  const { stderr } = await promisify(execFile)(process.execPath, ['-e', script], {
    cwd: join(__dirname, '..'),
  });
  return [...stderr.matchAll(/UNKNOWN_OPTION\] \w+: (.*)/g)].map(([, warning]) => warning);
}

const meant = (given, wanted) =>
  `option "${given}" is not known and has no effect. Did you mean "${wanted}"?`;

test('of Express', async () => {
  const found = await warnings('Express', [
    { tabel: 'x' },
    { hashkey: 'x', 'read-capacity-units': 5 },
    { region: 'eu-west-1', endpoint: 'http://localhost:8000' },
    { accesKeyId: 'x' },
    { tableName: 'x' },
    { sessionTableName: 'x' },
    { useTtlExpired: true },
    { dynamoConfig: { regoin: 'x', accessKeyID: 'x', httpOptions: { timout: 5 } } },
    { AWSConfigJSON: { endPoint: 'http://localhost:8000' } },
    { billingMode: 'PAY_PER_REQUEST' },
    { maxAge: 5 },
    { shopIndexName: 'x' },
    { somethingElse: 1 },
  ]);
  expect(found).toEqual([
    meant('tabel', 'table'),
    meant('hashkey', 'hashKey'),
    meant('read-capacity-units', 'readCapacityUnits'),
    meant('region', 'dynamoConfig.region'),
    meant('endpoint', 'dynamoConfig.endpoint'),
    meant('accesKeyId', 'dynamoConfig.accessKeyId'),
    meant('tableName', 'table'),
    meant('sessionTableName', 'table'),
    meant('useTtlExpired', 'timeToLive'),
    meant('dynamoConfig.regoin', 'dynamoConfig.region'),
    meant('dynamoConfig.accessKeyID', 'dynamoConfig.accessKeyId'),
    meant('dynamoConfig.httpOptions.timout', 'dynamoConfig.httpOptions.timeout'),
    meant('AWSConfigJSON.endPoint', 'AWSConfigJSON.endpoint'),
    meant('billingMode', 'payPerRequest'),
    meant('maxAge', 'ttl'),
    'option "shopIndexName" is not known and has no effect. It is an option of the Shopify store.',
    'option "somethingElse" is not known and has no effect.',
  ]);
});

test('of Koa', async () => {
  const found = await warnings('Koa', [
    { hashKey: 'x', autocreate: true },
    { sessionTableName: 'x' },
    { table: { nam: 'x', ttl: 5, region: 'x' } },
    { timeToLive: true },
    { billingMode: 'x', table: { payPerRequest: true } },
    { maxAge: 5 },
    { reapInterval: 5 },
  ]);
  expect(found).toEqual([
    meant('hashKey', 'table.hashKey'),
    meant('autocreate', 'table.autoCreate'),
    meant('sessionTableName', 'table.name'),
    meant('table.nam', 'table.name'),
    meant('table.ttl', 'ttl'),
    meant('table.region', 'dynamoConfig.region'),
    meant('timeToLive', 'table.useTtlExpired'),
    meant('billingMode', 'payPerRequest'),
    meant('table.payPerRequest', 'payPerRequest'),
    meant('maxAge', 'ttl'),
    'option "reapInterval" is not known and has no effect. It is an option of the Express store.',
  ]);
});

test('of Shopify', async () => {
  const found = await warnings('Shopify', [
    { table: 'x' },
    { dynamoConfig: {}, region: 'x' },
    { shopIndexname: 'x' },
    { ExpiresTTL: 'x' },
    { autoCreate: true },
  ]);
  expect(found).toEqual([
    meant('table', 'sessionTableName'),
    meant('dynamoConfig', 'config'),
    meant('region', 'config.region'),
    meant('shopIndexname', 'shopIndexName'),
    meant('ExpiresTTL', 'expiresTtl'),
    'option "autoCreate" is not known and has no effect.',
  ]);
});

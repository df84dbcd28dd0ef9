'use strict';

/** The app that `nodes.js` runs. It prints the version of Node or, on a Node that is too old, the error. */

const assert = require('node:assert/strict');

/** Loads the class. On a Node that is too old, prints the error and ends the process. */
function load() {
  try {
    return require('dynamo-session-store').DynamoDBStore;
  } catch (error) {
    if (error.code !== 'ERR_SESSION_NODE') throw error;
    console.log(JSON.stringify({ message: error.message, version: process.version }));
    process.exit(0);
  }
}

const DynamoDBStore = load();
const KoaStore = require('dynamo-session-store/koa');
const { DynamoDBSessionStorage } = require('dynamo-session-store/shopify');
const { Session } = require('@shopify/shopify-api');

const config = {
  endpoint: process.env.DYNAMODB_ENDPOINT,
  region: 'us-east-1',
  credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
};
const table = `nodes-${process.version.replaceAll('.', '-')}-${process.pid}`;

async function ofExpress() {
  const store = new DynamoDBStore({ table, dynamoConfig: config });
  const session = { cookie: { maxAge: 60_000 }, user: 'ann' };
  await store.set('sid', session);
  await store.touch('sid', session);
  assert.equal((await store.get('sid')).user, 'ann');
  await store.destroy('sid');
  assert.equal(await store.get('sid'), null);
  await store.close();
}

async function ofKoa() {
  const store = new KoaStore({
    table: { name: `${table}-koa`, autoCreate: true },
    dynamoConfig: config,
  });
  await store.set('sid', { user: 'ben', bytes: Buffer.from('b') }, 60_000);
  const { user, bytes } = await store.get('sid');
  assert.deepEqual([user, String(bytes)], ['ben', 'b']);
  await store.close();
}

async function ofShopify() {
  const storage = new DynamoDBSessionStorage({ sessionTableName: `${table}-shopify`, config });
  await storage.createTableIfNotExists();
  const session = new Session({ id: 'id', shop: 'a.myshopify.com', state: '', isOnline: false });
  await storage.storeSession(session);
  const [found] = await storage.findSessionsByShop('a.myshopify.com');
  assert.equal(found.id, 'id');
  await storage.close();
}

Promise.all([ofExpress(), ofKoa(), ofShopify()]).then(() => console.log(process.version));

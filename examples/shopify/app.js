'use strict';

/**
 * The session storage on its own: what Shopify's app packages do with it.
 *
 *     DYNAMODB_ENDPOINT=http://localhost:8000 node examples/shopify/app.js
 *
 * Without `DYNAMODB_ENDPOINT` it uses the DynamoDB of your AWS environment. `SESSION_TABLE`
 * (shopify_sessions) can be set as well.
 */

require('@shopify/shopify-api/adapters/node');
const { Session } = require('@shopify/shopify-api');
const { DynamoDBSessionStorage } = require('dynamo-session-store/shopify');

const { DYNAMODB_ENDPOINT: endpoint, SESSION_TABLE } = process.env;

/** A DynamoDB of one's own takes any credentials. */
const local = { endpoint, region: 'us-east-1', accessKeyId: 'local', secretAccessKey: 'local' };

async function main() {
  const storage = new DynamoDBSessionStorage({
    sessionTableName: SESSION_TABLE,
    expiresTtl: 'ttl',
    config: endpoint && !process.env.AWS_ACCESS_KEY_ID ? local : { endpoint },
  });
  storage.on('warning', ({ code, message }) => console.error(`warning: ${code}: ${message}`));
  await storage.createTableIfNotExists();

  const shop = 'example.myshopify.com';
  for (const user of ['ann', 'ben']) {
    const expires = new Date(Date.now() + 3_600_000);
    const id = `${shop}_${user}`;
    await storage.storeSession(new Session({ id, shop, state: '', isOnline: true, expires }));
  }
  const sessions = await storage.findSessionsByShop(shop);
  console.log(`${sessions.length} sessions of ${shop}`);
  const { id, expires } = await storage.loadSession(`${shop}_ann`);
  console.log(`${id} until ${expires.toISOString()}`);
  await storage.deleteSessions(sessions.map((session) => session.id));
  console.log(`${(await storage.findSessionsByShop(shop)).length} sessions left`);
  await storage.close();
}

main();

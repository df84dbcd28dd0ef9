'use strict';

/**
 * The server of an embedded Shopify app, as small as it can be. README.md says how to start it.
 *
 * `GET /` takes the session token of App Bridge, and finds the session of the shop in DynamoDB. At the
 * first visit, it exchanges the token with Shopify for a session, and stores the session. The
 * webhook `app/uninstalled` deletes all sessions of a shop.
 *
 * `SHOPIFY_API_KEY` and `SHOPIFY_API_SECRET` are those of the app. `PORT` (3000) and
 * `SESSION_TABLE` (shopify_sessions) can be set.
 */

require('@shopify/shopify-api/adapters/node');
const { createServer } = require('node:http');
const { text } = require('node:stream/consumers');
const {
  ApiVersion,
  InvalidJwtError,
  LogSeverity,
  RequestedTokenType,
  shopifyApi,
} = require('@shopify/shopify-api');
const { DynamoDBSessionStorage } = require('dynamo-session-store/shopify');

const { SHOPIFY_API_KEY, SHOPIFY_API_SECRET, SESSION_TABLE, PORT = '3000' } = process.env;

const shopify = shopifyApi({
  apiKey: SHOPIFY_API_KEY,
  apiSecretKey: SHOPIFY_API_SECRET,
  apiVersion: ApiVersion.July25,
  hostName: 'localhost',
  isEmbeddedApp: true,
  logger: { level: LogSeverity.Warning },
});

const storage = new DynamoDBSessionStorage({ sessionTableName: SESSION_TABLE, expiresTtl: 'ttl' });
storage.on('warning', ({ code, message }) => console.error(`warning: ${code}: ${message}`));

/** The session of the token's shop: the stored session, or a new session from Shopify. */
async function sessionOf(sessionToken) {
  const { dest } = await shopify.session.decodeSessionToken(sessionToken);
  const shop = new URL(dest).hostname;
  const stored = await storage.loadSession(shopify.session.getOfflineId(shop));
  if (stored?.isActive(undefined)) return { session: stored, found: true };
  const requestedTokenType = RequestedTokenType.OfflineAccessToken;
  const { session } = await shopify.auth.tokenExchange({ shop, sessionToken, requestedTokenType });
  await storage.storeSession(session);
  return { session, found: false };
}

async function visit(request) {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  if (!token) return [401, { error: 'a session token is missing' }];
  try {
    const { session, found } = await sessionOf(token);
    return [200, { shop: session.shop, scope: session.scope, found }];
  } catch (error) {
    if (!(error instanceof InvalidJwtError)) throw error;
    return [401, { error: 'the session token is not valid' }];
  }
}

async function uninstall(request, response) {
  const rawBody = await text(request);
  const check = { rawBody, rawRequest: request, rawResponse: response };
  const { valid, domain } = await shopify.webhooks.validate(check);
  if (!valid) return [401, { error: 'the webhook is not signed by Shopify' }];
  const sessions = await storage.findSessionsByShop(domain);
  await storage.deleteSessions(sessions.map(({ id }) => id));
  return [200, { deleted: sessions.length }];
}

const routes = { 'GET /': visit, 'POST /webhooks/uninstalled': uninstall };

async function answer(request, response) {
  const route = routes[`${request.method} ${request.url}`];
  if (!route) return [404, { error: 'there is no such page' }];
  try {
    return await route(request, response);
  } catch (error) {
    console.error(error.code ?? error.name, error.message);
    return [500, { error: 'this did not work' }];
  }
}

const server = createServer(async (request, response) => {
  const [status, body] = await answer(request, response);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
});

storage.createTableIfNotExists().then(() => {
  server.listen(Number(PORT), '127.0.0.1', () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}`);
  });
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(() => storage.close());
    server.closeAllConnections();
  });
}

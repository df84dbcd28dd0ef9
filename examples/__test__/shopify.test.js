'use strict';

/** examples/shopify, with session tokens and webhooks as Shopify signs them. */

const { createHmac } = require('node:crypto');
const { items } = require('../../__test__/support/dynamodb');
const { openExample } = require('./support/example');

const key = 'the key of the app';
const secret = 'the secret of the app';
const variables = { SHOPIFY_API_KEY: key, SHOPIFY_API_SECRET: secret };
const preload = require.resolve('./support/shopify-preload');

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A session token like those of App Bridge. */
function tokenOf(shop, signedWith = secret) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: `https://${shop}/admin`, dest: `https://${shop}`, aud: key, sub: '1' };
  const times = { exp: now + 3600, nbf: now - 60, iat: now - 60, jti: 'a', sid: 'b' };
  const signed = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded({ ...claims, ...times })}`;
  return `${signed}.${createHmac('sha256', signedWith).update(signed).digest('base64url')}`;
}

async function visit(url, token) {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return [response.status, await response.json()];
}

async function uninstall(url, shop, signedWith = secret) {
  const body = '{}';
  const headers = {
    'x-shopify-topic': 'app/uninstalled',
    'x-shopify-shop-domain': shop,
    'x-shopify-hmac-sha256': createHmac('sha256', signedWith).update(body).digest('base64'),
    'x-shopify-api-version': '2025-07',
    'x-shopify-webhook-id': 'one',
  };
  const response = await fetch(`${url}/webhooks/uninstalled`, { method: 'POST', headers, body });
  return [response.status, await response.json()];
}

test('examples/shopify: install, visit, restart, uninstall', async () => {
  const example = openExample('shopify');
  let app = await example.start({ preload, variables });
  try {
    const shop = 'one.myshopify.com';
    const scope = 'read_products';
    expect(await visit(app.url, tokenOf(shop))).toEqual([200, { shop, scope, found: false }]);
    expect(await visit(app.url, tokenOf(shop))).toEqual([200, { shop, scope, found: true }]);
    expect(await app.stop()).toEqual([0, null]);
    app = await example.start({ preload, variables });
    expect(await visit(app.url, tokenOf(shop))).toEqual([200, { shop, scope, found: true }]);
    expect(Object.keys(await items(example.table))).toEqual([`offline_${shop}`]);

    expect((await visit(app.url, tokenOf(shop, 'another secret')))[0]).toBe(401);
    expect((await uninstall(app.url, shop, 'another secret'))[0]).toBe(401);
    expect(await uninstall(app.url, shop)).toEqual([200, { deleted: 1 }]);
    expect(await items(example.table)).toEqual({});
    expect(app.complaints()).toBe('');
    expect(await app.stop()).toEqual([0, null]);
  } finally {
    app.kill();
    example.remove();
  }
});

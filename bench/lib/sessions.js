'use strict';

/** The sessions that are stored; `canned-server/src/session.rs` answers with the same. */

/** A session has one article in its cart for each so many bytes of its size. */
const BYTES_PER_ARTICLE = 256;

/** What the session is filled up with. */
const FILLER = 'The quick brown fox jumps over the lazy dog. ';

/**
 * The session of an Express or Koa app.
 *
 * @param {number} bytes its length as JSON
 * @returns {Record<string, any>}
 */
function webSession(bytes) {
  const articles = Array.from({ length: Math.floor(bytes / BYTES_PER_ARTICLE) }, article);
  const session = {
    cookie: {
      originalMaxAge: 86_400_000,
      maxAge: 86_400_000,
      expires: '2100-01-01T00:00:00Z',
      httpOnly: true,
      path: '/',
    },
    user: {
      id: 4711,
      name: 'Ann Example',
      email: 'ann@example.com',
      roles: ['reader', 'editor'],
    },
    visits: 42,
    cart: articles,
    note: '',
  };
  return { ...session, note: filler(session, bytes) };
}

/**
 * @param {unknown} _
 * @param {number} index
 */
function article(_, index) {
  const sku = `SKU-${String(index).padStart(5, '0')}`;
  return { sku, quantity: (index % 3) + 1, price: 19.95 };
}

/**
 * The parameters of a session of a Shopify app.
 *
 * @param {string} id
 * @param {number} bytes its length as JSON
 */
function shopifySession(id, bytes) {
  const session = {
    id,
    shop: 'example.myshopify.com',
    state: '123456789012345',
    isOnline: false,
    scope: '',
    accessToken: 'shpat_00000000000000000000000000000000',
  };
  return { ...session, scope: filler(session, bytes) };
}

/**
 * As much text as the session misses to be as long as it should be.
 *
 * @param {Record<string, any>} session
 * @param {number} bytes
 */
function filler(session, bytes) {
  const missing = Math.max(0, bytes - JSON.stringify(session).length);
  return FILLER.repeat(Math.ceil(missing / FILLER.length)).slice(0, missing);
}

module.exports = { filler, shopifySession, webSession };

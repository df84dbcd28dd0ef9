'use strict';

/** Loaded before examples/shopify: stands in for Shopify where a session token is exchanged. */

globalThis.fetch = async (url) => {
  if (!/^https:\/\/[a-z]+\.myshopify\.com\/admin\/oauth\/access_token$/.test(url)) {
    throw new Error(`nothing answers ${url}`);
  }
  return Response.json({ access_token: 'a token', scope: 'read_products' });
};

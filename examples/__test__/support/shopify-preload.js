'use strict';

/** Loaded before examples/shopify: answers the exchange of a session token in place of Shopify. */

globalThis.fetch = async (url) => {
  if (!/^https:\/\/[a-z]+\.myshopify\.com\/admin\/oauth\/access_token$/.test(url)) {
    throw new Error(`nothing answers ${url}`);
  }
  return Response.json({ access_token: 'a token', scope: 'read_products' });
};

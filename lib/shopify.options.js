'use strict';

/** The options of a session storage for Shopify apps. */

const { SHOPIFY } = require('./option-names');
const { option, readCapacity, warnOfUnknown } = require('./options');
const { readCommonOptions } = require('./store.options');

/** @param {Record<string, any>} options */
function readOptions(options) {
  warnOfUnknown(options, SHOPIFY, undefined, 'Shopify');
  const { native, ...common } = readCommonOptions(options);
  return {
    native: {
      ...native,
      sessionTableName: option(options, 'sessionTableName', 'string') ?? 'shopify_sessions',
      shopIndexName: option(options, 'shopIndexName', 'string') ?? 'shop_index',
      /** @type {string | undefined} */
      expiresTtl: option(options, 'expiresTtl', 'string'),
      readCapacityUnits: readCapacity(options, 'readCapacityUnits'),
      writeCapacityUnits: readCapacity(options, 'writeCapacityUnits'),
    },
    ...common,
  };
}

module.exports = { readOptions };

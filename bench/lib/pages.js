'use strict';

const { json } = require('node:stream/consumers');
const { forward, operationOf } = require('./requests');
const { startOwnServer } = require('./servers');

/** @import { Server } from '../types' */

/** More items than DynamoDB puts into a page, if an item has 350 bytes or more. */
const MORE_THAN_A_PAGE = 3000;

/**
 * Starts a proxy between a store and DynamoDB Local, which gives each scan a `Limit`. Without one, or with a large one, DynamoDB Local reads
 * the whole rest of the table before it answers with the first megabyte: half a minute in a table of a million items.
 * The pages are the same.
 *
 * @param {string} target the endpoint of DynamoDB Local
 * @returns {Promise<Server>}
 */
function startPages(target) {
  return startOwnServer(async (incoming, response) => {
    try {
      const asked = /** @type {any} */ (await json(incoming));
      if (operationOf(incoming) === 'Scan') {
        asked.Limit = Math.min(asked.Limit ?? MORE_THAN_A_PAGE, MORE_THAN_A_PAGE);
      }
      const { status, text } = await forward(target, incoming, asked);
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(text);
    } catch {
      response.destroy();
    }
  });
}

module.exports = { startPages };

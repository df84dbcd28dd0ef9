'use strict';

/** Fills a table with very many sessions for Express, some of which have ended. */

const { repeat } = require('./calls');
const { requestOf } = require('./requests');
const { DAY, attributesOf } = require('./sessions');

/** @import { Target } from '../types' */

/** One of so many sessions has ended. */
const ENDED_EVERY = 10;

/** The most items of a BatchWriteItem. */
const BATCH = 25;

/** How many requests are in flight. */
const IN_FLIGHT = 32;

/** How often a request is sent whose items DynamoDB has not all written. */
const TRIES = 10;

/** @param {number} sessions @returns {{ ended: number, alive: number }} how many of them have ended */
function countsOf(sessions) {
  const ended = Math.ceil(sessions / ENDED_EVERY);
  return { ended, alive: sessions - ended };
}

/**
 * Writes the sessions of a table, or those that have ended. The same sessions are written each time.
 *
 * @param {Target} target
 * @param {{ onlyEnded: boolean }} which
 */
async function fill({ endpoint, table, ids, sessionBytes }, { onlyEnded }) {
  const now = Date.now();
  const time = (/** @type {number} */ at) =>
    attributesOf('connect', sessionBytes, Math.floor(at / 1000));
  const [alive, ended] = [time(now + DAY), time(now - DAY)];
  const step = onlyEnded ? ENDED_EVERY : 1;
  const count = onlyEnded ? countsOf(ids).ended : ids;
  const itemOf = (/** @type {number} */ index) => ({
    // As long as the ids of express-session.
    id: { S: `sess:${String(index).padStart(32, '0')}` },
    ...(index % ENDED_EVERY === 0 ? ended : alive),
  });
  await repeat(Math.ceil(count / BATCH), IN_FLIGHT, async (batch) => {
    const first = batch * BATCH;
    const numbers = Array.from({ length: Math.min(BATCH, count - first) }, (_, each) => each);
    const puts = numbers.map((each) => ({ PutRequest: { Item: itemOf((first + each) * step) } }));
    await write(endpoint, { [table]: puts });
  });
}

/**
 * @param {string} endpoint
 * @param {Record<string, object[]>} items by the names of their tables
 */
async function write(endpoint, items) {
  let left = items;
  for (let tries = 0; Object.keys(left).length > 0; tries += 1) {
    if (tries === TRIES) throw new Error(`DynamoDB does not write all items in ${TRIES} requests`);
    const response = await fetch(endpoint, requestOf('BatchWriteItem', { RequestItems: left }));
    const text = await response.text();
    if (!response.ok) throw new Error(`BatchWriteItem: ${response.status} ${text}`);
    left = JSON.parse(text).UnprocessedItems ?? {};
  }
}

module.exports = { countsOf, fill };

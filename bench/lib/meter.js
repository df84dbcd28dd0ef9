'use strict';

const { json } = require('node:stream/consumers');
const { forward, operationOf } = require('./requests');
const { startOwnServer } = require('./servers');
const { TABLES } = require('./sessions');

const READS = ['GetItem', 'Query', 'Scan'];
const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem'];
/** The operations that take capacity units, in the order in which they are reported. */
const OPERATIONS = [...READS, ...WRITES];

/** Operations that take no capacity units. */
const FREE = /Table$|TimeToLive$/;

/** An item takes at least as many units, and a missing one as many. */
const LEAST_UNITS = 1;

const HASH_KEYS = new Map(Object.values(TABLES).map(({ table, hashKey }) => [table, hashKey]));

/**
 * @typedef {object} Counts
 * @property {number} readUnits
 * @property {number} writeUnits
 * @property {Record<string, number>} requests how many of each operation
 * @property {number} refused writes whose condition did not hold
 * @property {string[]} problems why something could not be counted
 */

/**
 * Starts a proxy between an app and DynamoDB Local, which has every request for items report the
 * capacity units that it takes, and adds them up.
 *
 * @param {string} target the endpoint of DynamoDB Local
 */
async function startMeter(target) {
  let counts = noCounts();
  /** The write units of each item. @type {Map<string, number>} */
  const units = new Map();

  /**
   * @param {string} operation
   * @param {any} asked
   * @param {number} status
   * @param {any} answer
   */
  function count(operation, asked, status, answer) {
    counts.requests[operation] = (counts.requests[operation] ?? 0) + 1;
    const taken = answer.ConsumedCapacity?.CapacityUnits;
    if (status === 200 && READS.includes(operation)) {
      counts.readUnits += taken;
    } else if (status === 200) {
      counts.writeUnits += taken;
      if (operation === 'DeleteItem') units.delete(keyOf(asked));
      else units.set(keyOf(asked), taken);
    } else if (String(answer.__type).endsWith('#ConditionalCheckFailedException')) {
      // DynamoDB bills it; DynamoDB Local does not say how many units.
      counts.refused += 1;
      counts.writeUnits += units.get(keyOf(asked)) ?? LEAST_UNITS;
    } else {
      counts.problems.push(`${operation} got ${status} ${JSON.stringify(answer)}`);
    }
  }

  const server = await startOwnServer(async (incoming, response) => {
    const operation = operationOf(incoming);
    const isCounted = OPERATIONS.includes(operation);
    try {
      if (!isCounted && !FREE.test(operation)) throw new Error('the operation is not known');
      const asked = /** @type {any} */ (await json(incoming));
      const input = isCounted ? { ...asked, ReturnConsumedCapacity: 'TOTAL' } : asked;
      const { status, text } = await forward(target, incoming, input);
      if (isCounted) count(operation, asked, status, JSON.parse(text));
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(text);
    } catch (error) {
      counts.problems.push(`${operation}: ${error}`);
      response.destroy();
    }
  });
  return {
    ...server,
    /** The counts since this was last called. */
    take() {
      const taken = counts;
      counts = noCounts();
      return taken;
    },
  };
}

/** @returns {Counts} */
function noCounts() {
  return { readUnits: 0, writeUnits: 0, requests: {}, refused: 0, problems: [] };
}

/**
 * The key of the item that a request writes.
 *
 * @param {any} asked
 */
function keyOf({ TableName: table, Key, Item }) {
  const hashKey = HASH_KEYS.get(table);
  if (hashKey === undefined) throw new Error(`the table ${table} is not known`);
  return JSON.stringify([table, (Key ?? Item)[hashKey]]);
}

module.exports = { OPERATIONS, startMeter };

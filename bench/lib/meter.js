'use strict';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */

const { buffer } = require('node:stream/consumers');
const { startOwnServer } = require('./servers');
const { TABLES } = require('./sessions');

const READS = ['GetItem', 'Query', 'Scan'];
const WRITES = ['PutItem', 'UpdateItem', 'DeleteItem'];
/** The operations that take capacity units, in the order in which they are reported. */
const OPERATIONS = [...READS, ...WRITES];

/** Operations that take no capacity units. */
const FREE = /Table$|TimeToLive$/;

/** The headers that DynamoDB Local reads. */
const HEADERS = ['authorization', 'content-type', 'x-amz-date', 'x-amz-target'];

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
 * A proxy between an app and DynamoDB Local, which has every request for items report the capacity
 * units that it takes, and adds them up.
 */
class Meter {
  #target;
  #counts = noCounts();
  /** The write units of each item. @type {Map<string, number>} */
  #units = new Map();

  /** @param {string} target the endpoint of DynamoDB Local */
  constructor(target) {
    this.#target = target;
  }

  start() {
    return startOwnServer((incoming, response) => this.#serve(incoming, response));
  }

  /** The counts since this was last called. */
  take() {
    const counts = this.#counts;
    this.#counts = noCounts();
    return counts;
  }

  /**
   * @param {IncomingMessage} incoming
   * @param {ServerResponse} response
   */
  async #serve(incoming, response) {
    const operation = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? '';
    const isCounted = OPERATIONS.includes(operation);
    try {
      if (!isCounted && !FREE.test(operation)) throw new Error('the operation is not known');
      const asked = JSON.parse((await buffer(incoming)).toString());
      const headers = HEADERS.map((name) => [name, String(incoming.headers[name])]);
      const answer = await fetch(this.#target, {
        method: 'POST',
        headers: Object.fromEntries(headers),
        body: JSON.stringify(isCounted ? { ...asked, ReturnConsumedCapacity: 'TOTAL' } : asked),
      });
      const text = await answer.text();
      if (isCounted) this.#count(operation, asked, answer.status, JSON.parse(text));
      response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
      response.end(text);
    } catch (error) {
      this.#counts.problems.push(`${operation}: ${error}`);
      response.destroy();
    }
  }

  /**
   * @param {string} operation
   * @param {any} asked
   * @param {number} status
   * @param {any} answer
   */
  #count(operation, asked, status, answer) {
    const counts = this.#counts;
    counts.requests[operation] = (counts.requests[operation] ?? 0) + 1;
    if (status === 200) {
      const units = answer.ConsumedCapacity.CapacityUnits;
      if (READS.includes(operation)) {
        counts.readUnits += units;
        return;
      }
      counts.writeUnits += units;
      if (operation === 'DeleteItem') this.#units.delete(keyOf(asked));
      else this.#units.set(keyOf(asked), units);
    } else if (String(answer.__type).endsWith('#ConditionalCheckFailedException')) {
      // DynamoDB bills it; DynamoDB Local does not say how many units.
      counts.refused += 1;
      counts.writeUnits += this.#units.get(keyOf(asked)) ?? LEAST_UNITS;
    } else {
      counts.problems.push(`${operation} got ${status} ${JSON.stringify(answer)}`);
    }
  }
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

module.exports = { Meter, OPERATIONS };

'use strict';

/**
 * A proxy between an app and DynamoDB Local, which has every item request report the capacity units
 * that it takes, and adds them up.
 */

const { once } = require('node:events');
const { Agent, createServer, request } = require('node:http');
const { buffer } = require('node:stream/consumers');
const { TABLES } = require('../formats');

/** @import { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http' */

const READS = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan']);
const WRITES = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);

/** They take no capacity units. */
const FREE = new Set([
  'CreateTable',
  'DescribeTable',
  'DescribeTimeToLive',
  'UpdateTable',
  'UpdateTimeToLive',
]);

/** Headers of a connection or of the length of a body, which the proxy changes. */
const OWN_HEADERS = ['accept-encoding', 'connection', 'content-length', 'transfer-encoding'];

/** What an item takes at least, and what a missing one takes. */
const LEAST_UNITS = 1;

const HASH_KEYS = new Map(Object.values(TABLES).map(({ table, hashKey }) => [table, hashKey]));

/**
 * @typedef {object} Counts
 * @property {number} readUnits
 * @property {number} writeUnits
 * @property {Record<string, number>} requests how many of each operation
 * @property {number} refused writes whose condition did not hold
 * @property {string[]} problems what could not be counted
 */

/** Counts the capacity units of the requests that go through it. */
class Meter {
  #target;
  #agent = new Agent({ keepAlive: true });
  #server = createServer((incoming, response) => this.#serve(incoming, response));
  #counts = noCounts();
  /** The write units of each item. @type {Map<string, number>} */
  #units = new Map();

  /** @param {string} endpoint of DynamoDB Local */
  constructor(endpoint) {
    this.#target = new URL(endpoint);
  }

  async start() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** The endpoint of the proxy. */
  get endpoint() {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  /** What was counted since this was last called. */
  take() {
    const counts = this.#counts;
    this.#counts = noCounts();
    return counts;
  }

  async stop() {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await once(this.#server, 'close');
  }

  /**
   * @param {IncomingMessage} incoming
   * @param {ServerResponse} response
   */
  async #serve(incoming, response) {
    const operation = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? '';
    const counted = READS.has(operation) || WRITES.has(operation);
    if (!counted && !FREE.has(operation)) this.#counts.problems.push(`${operation} is not known`);
    try {
      const body = await buffer(incoming);
      const asked = counted ? JSON.parse(body.toString()) : undefined;
      const { answer, text } = await this.#ask(
        incoming,
        asked ? Buffer.from(JSON.stringify({ ...asked, ReturnConsumedCapacity: 'TOTAL' })) : body,
      );
      const status = answer.statusCode ?? 0;
      if (counted) this.#count(operation, asked, status, JSON.parse(text.toString()));
      const headers = passed(answer.headers, text);
      response.writeHead(status, headers).end(text);
    } catch (error) {
      this.#counts.problems.push(`${operation}: ${error}`);
      response.destroy();
    }
  }

  /**
   * @param {IncomingMessage} incoming
   * @param {Buffer} body
   */
  async #ask({ method, url, headers }, body) {
    const { hostname, port } = this.#target;
    const outgoing = request({
      agent: this.#agent,
      hostname,
      port,
      method,
      path: url,
      headers: passed(headers, body),
    });
    outgoing.end(body);
    const [answer] = /** @type {[IncomingMessage]} */ (await once(outgoing, 'response'));
    return { answer, text: await buffer(answer) };
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
      const units = unitsOf(answer);
      if (READS.has(operation)) {
        counts.readUnits += units;
      } else {
        counts.writeUnits += units;
        this.#remember(operation, asked, units);
      }
    } else if (String(answer.__type).endsWith('#ConditionalCheckFailedException')) {
      // DynamoDB bills it; DynamoDB Local does not say how many units.
      counts.refused += 1;
      counts.writeUnits += this.#units.get(writtenKeys(asked)[0]) ?? LEAST_UNITS;
    } else {
      counts.problems.push(`${operation} got ${status} ${JSON.stringify(answer)}`);
    }
  }

  /**
   * Remembers the units of the items that were written.
   *
   * @param {string} operation
   * @param {any} asked
   * @param {number} units of the request
   */
  #remember(operation, asked, units) {
    const keys = writtenKeys(asked);
    for (const key of keys) {
      if (operation === 'DeleteItem') this.#units.delete(key);
      // Of a batch only the sum is known.
      else this.#units.set(key, Math.ceil(units / keys.length));
    }
  }
}

/** @returns {Counts} */
function noCounts() {
  return { readUnits: 0, writeUnits: 0, requests: {}, refused: 0, problems: [] };
}

/**
 * The headers to pass on with a body.
 *
 * @param {IncomingHttpHeaders} headers
 * @param {Buffer} body
 */
function passed(headers, body) {
  // The checksum is of the body that it came with.
  const dropped = new Set([...OWN_HEADERS, 'x-amz-crc32']);
  const kept = Object.entries(headers).filter(([name]) => !dropped.has(name));
  return { ...Object.fromEntries(kept), 'content-length': body.length };
}

/** @param {any} answer */
function unitsOf({ ConsumedCapacity: consumed }) {
  const units = [consumed].flat().reduce((sum, each) => sum + each?.CapacityUnits, 0);
  if (Number.isFinite(units)) return units;
  throw new Error('DynamoDB Local did not say what it took');
}

/**
 * The keys of the items that a request writes.
 *
 * @param {any} asked
 * @returns {string[]}
 */
function writtenKeys({ TableName: name, Key, Item, RequestItems }) {
  if (!RequestItems) return [keyText(name, Key ?? Item)];
  return Object.entries(RequestItems).flatMap(([table, requests]) =>
    requests.map((/** @type {any} */ { PutRequest, DeleteRequest }) =>
      keyText(table, PutRequest?.Item ?? DeleteRequest.Key),
    ),
  );
}

/**
 * @param {string} table
 * @param {any} item
 */
function keyText(table, item) {
  const hashKey = HASH_KEYS.get(table);
  if (hashKey === undefined) throw new Error(`the table ${table} is not known`);
  return JSON.stringify([table, item[hashKey]]);
}

module.exports = { Meter };

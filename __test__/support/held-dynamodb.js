'use strict';

/**
 * A DynamoDB on real HTTP that holds its answers back until a test lets them go, and counts what is
 * in flight: requests and connections.
 */

const diagnostics = require('node:diagnostics_channel');
const { startStub, table } = require('./stub-dynamodb');

/** Node tells here of each connection that a server accepts. */
const ACCEPTED = 'net.server.socket';

/**
 * A request that waits for its answer.
 *
 * @typedef {object} Held
 * @property {string} operation such as `BatchGetItem`
 * @property {string[]} keys of its items
 * @property {() => void} answer
 */

/** Starts it. It has a table without items. */
async function startHeld() {
  /** @type {Held[]} */
  const held = [];
  const counts = { requests: 0, mostRequests: 0, items: 0, connections: 0, mostConnections: 0 };
  /** @type {{ condition: () => boolean, resolve: () => void }[]} */
  let waiting = [];
  let isOpen = false;

  /**
   * Resolves as soon as a condition holds, which is looked at with each request.
   *
   * @param {() => boolean} condition
   * @returns {Promise<void>}
   */
  function until(condition) {
    return new Promise((resolve) => {
      waiting.push({ condition, resolve });
      look();
    });
  }

  function look() {
    const met = waiting.filter(({ condition }) => condition());
    waiting = waiting.filter((each) => !met.includes(each));
    for (const { resolve } of met) resolve();
  }

  const stub = await startStub(async ({ operation, body }) => {
    if (operation === 'DescribeTable') return table();
    const keys = keysOf(operation, body);
    counts.items += keys.length;
    counts.requests += 1;
    counts.mostRequests = Math.max(counts.mostRequests, counts.requests);
    /** @type {Promise<void> | false} */
    const answered = !isOpen && new Promise((answer) => held.push({ operation, keys, answer }));
    look();
    await answered;
    counts.requests -= 1;
    return {};
  });

  const port = Number(new URL(stub.endpoint).port);
  const accepted = (/** @type {any} */ { socket }) => {
    if (socket.localPort !== port) return;
    counts.connections += 1;
    counts.mostConnections = Math.max(counts.mostConnections, counts.connections);
    socket.once('close', () => {
      counts.connections -= 1;
    });
  };
  diagnostics.subscribe(ACCEPTED, accepted);

  return {
    ...stub,
    /** What is in flight now and was at most, and how many items were asked for. */
    counts,
    /** The requests that wait, the first to arrive first. */
    held,
    until,
    /** Resolves when `length` requests wait. */
    holding: (/** @type {number} */ length) => until(() => held.length >= length),
    /** Answers requests, and those alone. @param {Held[]} [some] all without */
    release(some = [...held]) {
      for (const each of some) {
        held.splice(held.indexOf(each), 1);
        each.answer();
      }
    },
    /** Holds nothing back from now on. */
    open() {
      isOpen = true;
      this.release();
    },
    async stop() {
      diagnostics.unsubscribe(ACCEPTED, accepted);
      this.open();
      await stub.stop();
    },
  };
}

/**
 * The keys of the items that a request is for.
 *
 * @param {string} operation
 * @param {any} body
 * @returns {string[]}
 */
function keysOf(operation, { Key, Item, RequestItems, TransactItems }) {
  if (TransactItems) {
    return TransactItems.map((/** @type {any} */ { Put, Delete }) => idIn(Put?.Item ?? Delete.Key));
  }
  if (!operation.startsWith('Batch')) return [idIn(Key ?? Item)];
  const of = /** @type {any} */ (Object.values(RequestItems)[0]);
  if (operation === 'BatchGetItem') return of.Keys.map(idIn);
  return of.map((/** @type {any} */ { PutRequest, DeleteRequest }) =>
    idIn(PutRequest?.Item ?? DeleteRequest.Key),
  );
}

/** @param {any} key an item or its key */
function idIn(key) {
  return (key.id ?? key.sessionId).S;
}

module.exports = { keysOf, startHeld };

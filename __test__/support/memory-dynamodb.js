'use strict';

/**
 * A DynamoDB on real HTTP that keeps items in memory and watches the order of the operations on each
 * item. It takes its time to answer: a store that sends two operations on one item at a time is
 * found out.
 */

const { setImmediate: turn, setTimeout: wait } = require('node:timers/promises');
const { refusal, startStub, table } = require('./stub-dynamodb');

/** How many items a batch may have. */
const MOST = { BatchGetItem: 100, BatchWriteItem: 25 };

/** Turns of the event loop before an answer; a negative number is milliseconds. */
const PAUSES = [0, 2, 1, -1, 0, 4, 1, -3, 3, 0, -2];

/**
 * An operation on one item.
 *
 * @typedef {object} Operation
 * @property {string} name such as `GetItem`, also where it is part of a batch
 * @property {any} key the attributes of the key, perhaps among others
 * @property {any} [item] what a PutItem writes
 * @property {any} [update] the parameters of an UpdateItem
 * @property {any} part of the batch, to be given back if it is left unprocessed
 */

/** The operations of a request. @type {Record<string, (body: any) => Operation[]>} */
const operationsOf = {
  GetItem: ({ Key }) => [{ name: 'GetItem', key: Key }],
  PutItem: ({ Item }) => [{ name: 'PutItem', key: Item, item: Item }],
  UpdateItem: (update) => [{ name: 'UpdateItem', key: update.Key, update }],
  DeleteItem: ({ Key }) => [{ name: 'DeleteItem', key: Key }],
  BatchGetItem: ({ RequestItems }) =>
    Object.values(RequestItems)[0].Keys.map((key) => ({ name: 'GetItem', key, part: key })),
  BatchWriteItem: ({ RequestItems }) =>
    Object.values(RequestItems)[0].map((part) => {
      const item = part.PutRequest?.Item;
      if (item) return { name: 'PutItem', key: item, item, part };
      return { name: 'DeleteItem', key: part.DeleteRequest.Key, part };
    }),
};

/**
 * Starts it.
 *
 * @param {object} [options]
 * @param {string} [options.hashKey] the attribute of the key
 * @param {() => Promise<void>} [options.describing] awaited before each answer to DescribeTable
 * @param {number} [options.leaving] each how many-th batch has one item that is left unprocessed;
 *   none does without
 * @param {number} [options.throttling] each how many-th request is refused, to be tried again, but
 *   never twice in a row for one item; none is without
 */
async function startMemory({ hashKey = 'id', describing, leaving = 0, throttling = 0 } = {}) {
  const items = new Map();
  /** What has happened to each item, by its key. */
  const watched = new Map();
  /** Batches that DynamoDB does not take. @type {string[]} */
  const refused = [];
  /** The keys of the items whose last request was refused. */
  const throttled = new Set();
  let requests = 0;
  let batches = 0;

  const idOf = (operation) => operation.key[hashKey].S;

  function watchedAt(id) {
    if (!watched.has(id)) watched.set(id, { arrivals: [], overlaps: [], inFlight: [] });
    return watched.get(id);
  }

  /** @param {Operation} operation */
  function arrive(operation) {
    const { arrivals, overlaps, inFlight } = watchedAt(idOf(operation));
    const isRead = operation.name === 'GetItem';
    const conflict = inFlight.find((other) => !isRead || other.name !== 'GetItem');
    if (conflict) overlaps.push(`${operation.name} beside ${conflict.name}`);
    arrivals.push(operation);
    inFlight.push(operation);
  }

  /**
   * @param {Operation} operation
   * @param {boolean} isDone whether it was carried out
   */
  function leave(operation, isDone) {
    const { arrivals, inFlight } = watchedAt(idOf(operation));
    inFlight.splice(inFlight.indexOf(operation), 1);
    if (!isDone) arrivals.splice(arrivals.lastIndexOf(operation), 1);
  }

  /** @param {Operation} operation */
  function carryOut(operation) {
    const { name, item, update } = operation;
    const id = idOf(operation);
    const before = items.get(id);
    if (name === 'PutItem') items.set(id, item);
    if (name === 'DeleteItem') items.delete(id);
    if (name === 'UpdateItem') return carryOutUpdate(id, update);
    return { body: before && { Item: before } };
  }

  /** An update of attributes where the session is there: what a touch asks for. */
  function carryOutUpdate(id, update) {
    const { UpdateExpression, ConditionExpression } = update;
    const names = update.ExpressionAttributeNames;
    const values = update.ExpressionAttributeValues;
    if (ConditionExpression !== 'attribute_exists(#data)') return refusal('ValidationException');
    if (!items.get(id)?.[names['#data']]) return refusal('ConditionalCheckFailedException');
    const changes = UpdateExpression.slice('SET '.length).split(', ');
    const changed = changes.map((change) => {
      const [name, value] = change.split(' = ');
      return [names[name], values[value]];
    });
    items.set(id, { ...items.get(id), ...Object.fromEntries(changed) });
    return { body: {} };
  }

  /**
   * Whether a request that has just arrived is one of those that are refused. None is refused for a
   * session twice in a row: an operation that is out of attempts would fail, and rightly so.
   *
   * @param {Operation[]} operations
   */
  function isRefused(operations) {
    const ids = operations.map(idOf);
    const is =
      throttling > 0 && requests % throttling === 0 && !ids.some((id) => throttled.has(id));
    for (const id of ids) {
      if (is) throttled.add(id);
      else throttled.delete(id);
    }
    return is;
  }

  /**
   * @param {string} name
   * @param {any} body
   * @param {Operation[]} operations
   */
  function carryOutBatch(name, { RequestItems }, operations) {
    const ids = operations.map(idOf);
    const mistake =
      (new Set(ids).size < ids.length && 'an item twice') ||
      (ids.length > MOST[name] && 'too many items');
    if (mistake) {
      for (const operation of operations) leave(operation, false);
      refused.push(`${name} with ${mistake}`);
      return refusal('ValidationException', mistake);
    }
    batches += 1;
    const left = leaving > 0 && batches % leaving === 0 ? operations.slice(-1) : [];
    const done = operations.filter((operation) => !left.includes(operation));
    const found = done.map(carryOut).flatMap(({ body }) => body?.Item ?? []);
    for (const operation of left) leave(operation, false);
    for (const operation of done) leave(operation, true);
    const [of] = Object.keys(RequestItems);
    const parts = left.map(({ part }) => part);
    if (name === 'BatchWriteItem') {
      return { body: { UnprocessedItems: left.length > 0 ? { [of]: parts } : {} } };
    }
    const UnprocessedKeys = left.length > 0 ? { [of]: { Keys: parts } } : {};
    // DynamoDB gives them in any order.
    return { body: { Responses: { [of]: found.reverse() }, UnprocessedKeys } };
  }

  async function answer({ operation: name, body }) {
    if (name === 'DescribeTable') {
      await describing?.();
      return table('ACTIVE', hashKey);
    }
    if (name === 'DescribeTimeToLive') {
      return { body: { TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } } };
    }
    const operations = operationsOf[name]?.(body);
    if (!operations) return refusal('UnknownOperationException');
    operations.forEach(arrive);
    requests += 1;
    const isThrottled = isRefused(operations);
    await pause(requests);
    if (isThrottled) {
      for (const operation of operations) leave(operation, false);
      return refusal('ProvisionedThroughputExceededException');
    }
    if (name.startsWith('Batch')) return carryOutBatch(name, body, operations);
    const [operation] = operations;
    const answered = carryOut(operation);
    leave(operation, true);
    return name === 'GetItem' || answered.status ? answered : { body: {} };
  }

  const stub = await startStub(answer);
  return {
    ...stub,
    /** The items that there are, by their keys. */
    items,
    refused,
    /**
     * What has happened to an item since this was last called for it: the operations in the order
     * of their arrival, and those that arrived before the one in their way was answered.
     *
     * @param {string} id
     * @returns {{ arrivals: Operation[], overlaps: string[] }}
     */
    history(id) {
      const { arrivals, overlaps } = watchedAt(id);
      return { arrivals: arrivals.splice(0), overlaps: overlaps.splice(0) };
    },
  };
}

/** @param {number} request its number */
async function pause(request) {
  const length = PAUSES[request % PAUSES.length];
  if (length < 0) await wait(-length);
  for (let turns = 0; turns < length; turns += 1) await turn();
}

module.exports = { startMemory };

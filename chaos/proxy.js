'use strict';

/**
 * The process between the workers and DynamoDB. It does to requests and answers what the weather of
 * the round says, and keeps a list of the writes whose answers got lost.
 *
 * A request whose caller has given up is not sent on, and if it has been sent on already, requests for
 * its items wait until it is answered. Without that a write could take effect after one that was made
 * later, which no store can prevent that repeats what may have been lost.
 */

const { once } = require('node:events');
const http = require('node:http');
const { setTimeout: wait } = require('node:timers/promises');
const { keysOf } = require('../__test__/support/held-dynamodb');
const { refusal } = require('../__test__/support/stub-dynamodb');
const { faultOf } = require('./faults');
const { now } = require('./history');
const { Random } = require('./random');

const WRITES = new Set([
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'BatchWriteItem',
  'TransactWriteItems',
]);

/** Bodies with status 200 that are no answer to any operation. */
const NONSENSE = ['', '[]', 'null', '<html>', '{"message":"Welcome"}', '{"Item":'];

/** The names of what one part of a BatchWriteItem does. @type {Record<string, string>} */
const PARTS = { PutRequest: 'PutItem', DeleteRequest: 'DeleteItem' };

/** @type {{ endpoint: URL, weather: import('./faults').Weather, random: Random }} */
let round;
let isCut = false;
let inFlight = 0;
/** @type {Record<string, number>} */
let counts = {};
/** @type {{ key: string, operation: string, at: number }[]} */
let lost = [];
/** Requests on their way to DynamoDB that nobody waits for any more, by the keys of their items. */
const abandoned = new Map();
const agent = new http.Agent({ keepAlive: true });
const sockets = new Set();
/** The last writes that were answered on a connection, until another request comes. */
/** @type {WeakMap<object, { writes: { key: string, operation: string }[], at: number }>} */
const unread = new WeakMap();

const server = http.createServer(async (request, response) => {
  inFlight += 1;
  try {
    await handle(request, response);
  } catch {
    // The caller is gone, or DynamoDB is.
    request.socket.resetAndDestroy();
  } finally {
    inFlight -= 1;
    if (inFlight === 0) server.emit('idle');
  }
});
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.once('close', () => {
    sockets.delete(socket);
    const last = unread.get(socket);
    if (last) lost.push(...last.writes.map((write) => ({ ...write, at: last.at })));
  });
});

/** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
async function handle(request, response) {
  const at = now();
  unread.delete(request.socket);
  const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
  const { fault, before, after } = faultOf(round.weather, round.random, operation);
  const text = await textOf(request);
  const body = JSON.parse(text);
  const writes = writesIn(operation, body);
  const keys = new Set(writes.map(({ key }) => key));
  count(operation);
  if (isCut) throw new Error('cut');
  if (before > 0) await wait(before);
  await Promise.all([...keys].map((key) => abandoned.get(key)));
  if (isCut || request.socket.destroyed) throw new Error('gone');
  if (fault) count(fault);
  const refused = refuse(fault);
  if (refused) return send(response, refused.status, JSON.stringify(refused.body));

  const { forwarded, finish } = withhold(fault, operation, body, text);
  const answering = forward(request.headers, forwarded);
  const abandon = () => {
    const settled = answering.catch(() => {});
    for (const key of keys) abandoned.set(key, Promise.all([abandoned.get(key), settled]));
  };
  response.once('close', abandon);
  try {
    const answer = await answering.finally(() => response.off('close', abandon));
    if (after > 0) await wait(after);
    await spoil(fault, response, answer);
    await send(response, answer.status, finish(answer.text), answer.headers);
    // The caller may have closed the connection before it read the answer.
    unread.set(request.socket, { writes, at });
  } catch (error) {
    for (const write of writes) lost.push({ ...write, at });
    throw error;
  }
}

/**
 * Has an answer lost.
 *
 * @param {string | undefined} fault
 * @param {http.ServerResponse} response
 * @param {Awaited<ReturnType<typeof forward>>} answer
 */
async function spoil(fault, response, { status, headers, text }) {
  if (fault === 'tear') throw new Error('torn');
  if (fault === 'mistake') {
    const { body } = refusal('InternalServerError', 'a fault');
    await send(response, 500, JSON.stringify(body));
    throw new Error('answered otherwise');
  }
  if (fault === 'nonsense') {
    await send(response, 200, round.random.pick(NONSENSE));
    throw new Error('answered otherwise');
  }
  if (fault === 'damage' && headers['x-amz-crc32'] !== undefined) {
    const at = round.random.below(text.length);
    const other = text[at] === '1' ? '2' : '1';
    if (response.destroyed) throw new Error('gone');
    response.writeHead(status, headers);
    response.end(text.slice(0, at) + other + text.slice(at + 1));
    await once(response, 'close');
    throw new Error('damaged');
  }
  if (fault === 'halve') {
    response.writeHead(status, headers);
    response.write(text.slice(0, text.length / 2));
    await wait(1);
    throw new Error('halved');
  }
}

/** @param {string | undefined} fault @returns {any} */
function refuse(fault) {
  if (fault === 'reset') throw new Error('reset');
  if (fault === 'throttle') return refusal('ProvisionedThroughputExceededException');
  if (fault === 'deny') return refusal('AccessDeniedException');
  if (fault !== 'fail') return undefined;
  return round.random.chance(0.5)
    ? refusal('InternalServerError', 'a fault', 500)
    : refusal('ServiceUnavailableException', 'a fault', 503);
}

/**
 * The request without the part of the batch that is not carried out, and what makes the answer say so.
 *
 * @param {string | undefined} fault
 * @param {string} operation
 * @param {any} body
 * @param {string} text
 */
function withhold(fault, operation, body, text) {
  const whole = { forwarded: text, finish: (/** @type {string} */ answer) => answer };
  if (fault !== 'unprocessed') return whole;
  const [[table, parts]] = Object.entries(body.RequestItems);
  const list = operation === 'BatchGetItem' ? parts.Keys : parts;
  if (list.length < 2) return whole;
  const left = list.splice(round.random.below(list.length - 1) + 1);
  const isGet = operation === 'BatchGetItem';
  return {
    forwarded: JSON.stringify(body),
    finish(/** @type {string} */ answer) {
      const said = JSON.parse(answer);
      const name = isGet ? 'UnprocessedKeys' : 'UnprocessedItems';
      said[name] = { [table]: isGet ? { ...parts, Keys: left } : left };
      return JSON.stringify(said);
    },
  };
}

/**
 * @param {string} operation
 * @param {any} body
 * @returns {{ key: string, operation: string }[]}
 */
function writesIn(operation, body) {
  if (!WRITES.has(operation)) return [];
  const keys = keysOf(operation, body);
  if (operation !== 'BatchWriteItem') return keys.map((key) => ({ key, operation }));
  const parts = /** @type {any[]} */ (Object.values(body.RequestItems)[0]);
  return parts.map((part, index) => ({ key: keys[index], operation: PARTS[Object.keys(part)[0]] }));
}

/** @param {http.IncomingHttpHeaders} headers @param {string} text */
async function forward(headers, text) {
  const { hostname, port } = round.endpoint;
  const length = { 'content-length': String(Buffer.byteLength(text)) };
  const sent = http.request({
    hostname,
    port,
    agent,
    method: 'POST',
    headers: { ...headers, host: round.endpoint.host, ...length },
  });
  sent.end(text);
  const [answer] = await once(sent, 'response');
  return { status: answer.statusCode, headers: answer.headers, text: await textOf(answer) };
}

/** @param {import('node:stream').Readable} stream */
async function textOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/**
 * Sends an answer, and fails if the caller is gone before it has all of it.
 *
 * @param {http.ServerResponse} response
 * @param {number} status
 * @param {string} text
 * @param {http.IncomingHttpHeaders} [headers]
 */
async function send(response, status, text, headers = {}) {
  if (response.destroyed) throw new Error('gone');
  const { 'x-amz-crc32': _, 'content-length': __, 'transfer-encoding': ___, ...kept } = headers;
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0', ...kept });
  const closed = once(response, 'close').then(() => {
    if (!response.writableFinished) throw new Error('gone');
  });
  response.end(text);
  await closed;
}

/** @param {string} what */
function count(what) {
  counts[what] = (counts[what] ?? 0) + 1;
}

/** Lets nothing through for a while. @param {number} milliseconds */
async function cut(milliseconds) {
  isCut = true;
  for (const socket of sockets) socket.resetAndDestroy();
  await wait(milliseconds);
  isCut = false;
}

/** @type {Record<string, (details: any) => Promise<any>>} */
const orders = {
  /** A round begins. */
  async begin({ endpoint, weather, seed }) {
    round = { endpoint: new URL(endpoint), weather, random: new Random(seed) };
    lost = [];
    counts = {};
    abandoned.clear();
  },
  cut: ({ milliseconds }) => cut(milliseconds),
  /** Resolves when nothing is in flight. */
  async settle() {
    if (inFlight > 0) await once(server, 'idle');
    return { lost, counts };
  },
};

process.on('message', async ({ order, ...details }) => {
  process.send?.({ order, result: await orders[order](details) });
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () =>
  process.send?.({ port: /** @type {import('node:net').AddressInfo} */ (server.address()).port }),
);
process.once('disconnect', () => process.exit());

'use strict';

/**
 * What calls take that wait for a server that does not answer, and what of it is given back:
 *
 *     npm run bench:waiting
 *     npm run bench:waiting -- --calls 20000 --bytes 1024
 */

const { once } = require('node:events');
const { fork } = require('node:child_process');
const http = require('node:http');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const { program } = require('../scripts/setup');

/** @import { Task, Waiting } from './waiting-worker' */

/** @type {[Task['store'], string][]} */
const KINDS = [
  ['express', 'get'],
  ['express', 'set'],
  ['express', 'touch'],
  ['express', 'destroy'],
  ['koa', 'set'],
  ['shopify', 'storeSession'],
];

/** A server that finds nothing. It begins to answer when `answer` is called. */
async function startServer() {
  /** @type {(() => void)[]} */
  let held = [];
  let isAnswering = false;
  const server = http.createServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    const isBatch = String(request.headers['x-amz-target']).endsWith('BatchGetItem');
    const answer = () => response.end(isBatch ? '{"Responses":{},"UnprocessedKeys":{}}' : '{}');
    if (isAnswering) answer();
    else held.push(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    endpoint: `http://127.0.0.1:${port}`,
    answer() {
      isAnswering = true;
      for (const each of held) each();
      held = [];
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/**
 * @param {Pick<Task, 'store' | 'call' | 'calls' | 'bytes'>} task
 * @returns {Promise<Waiting>}
 */
async function measure(task) {
  const [held, answering] = await Promise.all([startServer(), startServer()]);
  answering.answer();
  const whole = { ...task, held: held.endpoint, answering: answering.endpoint };
  const worker = fork(join(__dirname, 'waiting-worker.js'), [JSON.stringify(whole)], {
    execArgv: ['--expose-gc'],
  });
  const failed = once(worker, 'exit').then(([code]) => {
    throw new Error(`the process with the calls has ended with ${code}`);
  });
  const message = () => Promise.race([once(worker, 'message'), failed]);
  try {
    await message();
    held.answer();
    const [report] = await message();
    return report;
  } finally {
    failed.catch(() => {});
    worker.kill();
    held.stop();
    answering.stop();
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '20000' },
      bytes: { type: 'string', default: '1024' },
    },
  });
  const [calls, bytes] = [Number(values.calls), Number(values.bytes)];
  console.log(`${calls} calls at a time, sessions of ${bytes} bytes`);
  const rows = [];
  for (const [store, call] of KINDS) {
    const { before, waiting, answered, later } = await measure({ store, call, calls, bytes });
    const kilobytes = (/** @type {number} */ more) => Number((more / calls / 1000).toFixed(1));
    const megabytes = (/** @type {number} */ more) => Math.round(more / 1e6);
    rows.push({
      call: `${store}: ${call}`,
      'KB a call': kilobytes(waiting.rss - before.rss),
      'of it JavaScript': kilobytes(waiting.heap - before.heap),
      'MB, all': megabytes(waiting.rss - before.rss),
      'MB, answered': megabytes(answered.rss - before.rss),
      'MB, later': megabytes(later.rss - before.rss),
    });
  }
  console.table(rows);
  return 0;
}

module.exports = { measure };

if (require.main === module) program(main);

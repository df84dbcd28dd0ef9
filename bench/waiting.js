'use strict';

/**
 * What calls take that wait for a server that does not answer, and what of it is given back:
 *
 *     npm run bench:waiting
 *     npm run bench:waiting -- --calls 20000 --bytes 1024
 */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const { program } = require('../scripts/setup');
const { readNumbers } = require('./lib/options');
const { startOwnServer } = require('./lib/servers');

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

/** Starts a server that finds nothing. It begins to answer when `answer` is called. */
async function startServer() {
  /** @type {() => void} */
  let answer = () => {};
  const answering = new Promise((/** @type {(value?: undefined) => void} */ resolve) => {
    answer = resolve;
  });
  const server = await startOwnServer(async (request, response) => {
    request.resume();
    await answering;
    const isBatch = String(request.headers['x-amz-target']).endsWith('BatchGetItem');
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.end(isBatch ? '{"Responses":{},"UnprocessedKeys":{}}' : '{}');
  });
  return { ...server, answer };
}

/**
 * @param {Pick<Task, 'store' | 'call' | 'calls' | 'bytes'>} task
 * @returns {Promise<Waiting>}
 */
async function measure(task) {
  const [held, answering] = await Promise.all([startServer(), startServer()]);
  answering.answer();
  const whole = { ...task, held: held.endpoint, answering: answering.endpoint };
  const file = join(__dirname, 'waiting-worker.js');
  const worker = fork(file, [JSON.stringify(whole)], { execArgv: ['--expose-gc'] });
  const failed = once(worker, 'exit').then(([code]) => {
    throw new Error(`the process with the calls has ended with ${code}`);
  });
  failed.catch(() => {});
  const message = () => Promise.race([once(worker, 'message'), failed]);
  try {
    await message();
    held.answer();
    const [report] = await message();
    return report;
  } finally {
    worker.kill();
    await Promise.all([held.stop(), answering.stop()]);
  }
}

program(async () => {
  const { calls, bytes } = readNumbers({ calls: 20_000, bytes: 1024 });
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
});

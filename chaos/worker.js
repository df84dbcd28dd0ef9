'use strict';

/**
 * A process that uses the stores, on its main thread and on worker threads. It is given one task for
 * each after the other, and sends back what came of all.
 */

const { once } = require('node:events');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { Lanes } = require('./lanes');

/** The main thread: ends with its process. @param {any} task */
async function runProcess(task) {
  const threads = task.threads.map((/** @type {any} */ each) => runThread(each, 0));
  const own = new Lanes(task, () => process.kill(process.pid, 'SIGKILL')).run();
  const counts = await Promise.all([own, ...threads]);
  process.send?.({ counts: counts.flat() });
}

/**
 * A worker thread, and another one in its place if it ends in the middle.
 *
 * @param {any} task
 * @param {number} generation
 */
async function runThread(task, generation) {
  const worker = new Worker(__filename, {
    workerData: { ...task, thread: `${task.thread}.${generation}` },
  });
  const exit = once(worker, 'exit');
  const [said] = await once(worker, 'message');
  if (said !== 'end') {
    await exit;
    return [said];
  }
  await worker.terminate();
  return runThread({ ...task, endAfter: undefined }, generation + 1);
}

async function runLanes() {
  const counts = await new Lanes(workerData, () => parentPort?.postMessage('end')).run();
  parentPort?.postMessage(counts);
}

if (isMainThread) process.on('message', runProcess);
else runLanes();

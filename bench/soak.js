'use strict';

/**
 * `npm run bench:soak`: very many operations, some of which fail, and what they do to the memory. Ends
 * with 1 unless each of them completes exactly once, and each failure is the server's.
 */

const { once } = require('node:events');
const { parseArgs } = require('node:util');
const session = require('express-session');
const { program } = require('../scripts/setup');
const { CREDENTIALS, REGION } = require('./lib/formats');
const { prepareServer } = require('./lib/prepare');
const { webSession } = require('./lib/sessions');
const { startCanned } = require('./lib/servers');
const { slope } = require('./lib/stats');

const IDS = 1000;

/** The one failure that the canned server makes. */
const EXPECTED = 'ProvisionedThroughputExceededException';

/** How much of the run is left out of the slope: until then caches and heaps fill up. */
const SETTLING = 1 / 5;

/** Of ten calls: sessions are read most. */
const MIX = ['get', 'get', 'get', 'get', 'get', 'set', 'set', 'touch', 'touch', 'destroy'];

function readOptions() {
  const { values } = parseArgs({
    options: {
      operations: { type: 'string', default: '2000000' },
      'in-flight': { type: 'string', default: '256' },
      'fail-every': { type: 'string', default: '10' },
      'sample-every': { type: 'string', default: '100000' },
    },
  });
  return {
    operations: Number(values.operations),
    inFlight: Number(values['in-flight']),
    failEvery: Number(values['fail-every']),
    sampleEvery: Number(values['sample-every']),
  };
}

/**
 * @param {any} store
 * @param {number} index
 * @param {(error?: any) => void} done
 */
function call(store, index, done) {
  const sid = `session-${index % IDS}`;
  const name = MIX[index % MIX.length];
  if (name === 'set' || name === 'touch') store[name](sid, SESSION, done);
  else store[name](sid, done);
}

const SESSION = webSession(1024);

/** The calls that are made, and what became of each. */
class Soak {
  /**
   * @param {any} store
   * @param {ReturnType<typeof readOptions>} options
   */
  constructor(store, options) {
    this.store = store;
    this.options = options;
    this.next = 0;
    this.completed = 0;
    this.repeated = 0;
    /** @type {Map<string, number>} */
    this.failures = new Map();
    this.answered = new Uint8Array(options.operations);
    /** @type {{ x: number, y: number }[]} */
    this.samples = [];
  }

  /** @returns {Promise<void>} when the last of them has completed */
  run() {
    const { promise, resolve } = withResolvers();
    this.finish = resolve;
    for (let index = 0; index < this.options.inFlight; index += 1) this.start();
    return promise;
  }

  start() {
    if (this.next >= this.options.operations) return;
    const index = this.next++;
    call(this.store, index, (error) => this.end(index, error));
  }

  /**
   * @param {number} index
   * @param {any} error
   */
  end(index, error) {
    if (this.answered[index]) {
      this.repeated += 1;
      return;
    }
    this.answered[index] = 1;
    if (error) this.failures.set(error.code, (this.failures.get(error.code) ?? 0) + 1);
    this.completed += 1;
    if (this.completed % this.options.sampleEvery === 0) this.sample();
    if (this.completed === this.options.operations) this.finish?.();
    else this.start();
  }

  sample() {
    globalThis.gc?.();
    const { rss, heapUsed } = process.memoryUsage();
    this.samples.push({ x: this.completed / 1e6, y: rss / 1e6 });
    const [inRss, inHeap] = [rss, heapUsed].map((bytes) => (bytes / 1e6).toFixed(1));
    console.log(`${this.completed} operations: RSS ${inRss} MB, heap ${inHeap} MB`);
  }

  /** @returns {number} the exit code */
  report() {
    const { operations, failEvery } = this.options;
    const failed = [...this.failures.values()].reduce((sum, count) => sum + count, 0);
    const odd = [...this.failures.keys()].filter((code) => code !== EXPECTED);
    console.log(`${this.completed} of ${operations} completed, ${failed} of them with a failure`);
    const settled = this.samples.filter(({ x }) => x * 1e6 > operations * SETTLING);
    if (settled.length > 1) {
      console.log(`RSS grows by ${slope(settled).toFixed(2)} MB per million operations`);
    }
    const problems = [
      this.completed < operations && `${operations - this.completed} never completed`,
      this.repeated > 0 && `${this.repeated} completed more than once`,
      odd.length > 0 && `failures that the server did not make: ${odd.join(', ')}`,
      failEvery > 0 && failed === 0 && 'none failed, although the server made some fail',
    ].filter(Boolean);
    for (const problem of problems) console.error(problem);
    return problems.length > 0 ? 1 : 0;
  }
}

/** `Promise.withResolvers()`, which Node 20 has not. */
function withResolvers() {
  /** @type {() => void} */
  let resolve = () => {};
  const promise = /** @type {Promise<void>} */ (
    new Promise((settle) => {
      resolve = settle;
    })
  );
  return { promise, resolve };
}

program(async () => {
  const options = readOptions();
  prepareServer();
  const server = await startCanned({ failEvery: options.failEvery });
  const DynamoDBStore = require('..')(session);
  const { endpoint } = server;
  const store = new DynamoDBStore({
    // One attempt: with more, most of the failures would be retried and never be seen.
    dynamoConfig: { endpoint, region: REGION, credentials: CREDENTIALS, maxAttempts: 1 },
    initialized: true,
  });
  const soak = new Soak(store, options);
  // Where a callback is lost, nothing is left to wait for at some point.
  await Promise.race([soak.run(), once(process, 'beforeExit')]);
  await store.close();
  await server.stop();
  return soak.report();
});

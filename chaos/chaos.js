'use strict';

/**
 * A chaos run: rounds in which several processes use the stores through a proxy that has faults, and a
 * check of what has become of each session.
 */

const { fork } = require('node:child_process');
const { once } = require('node:events');
const { mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { setTimeout: wait } = require('node:timers/promises');
const { handleOf } = require('../lib/handle');
const { WEATHERS } = require('./faults');
const { historiesOf, now, readCalls } = require('./history');
const { check } = require('./model/linearizable');
const { ENDED_BEFORE, model, simplified } = require('./model/session');
const { Random } = require('./random');
const { SUBJECTS, keysOf } = require('./subjects');
const { Tables } = require('./tables');

/** Milliseconds after the last operation may have ended, until a thread that has not is a finding. */
const PATIENCE = 120_000;

/** Failures that no fault explains. */
const ODD =
  /^(ERR_SESSION_INTERNAL|ERR_SESSION_CLOSED|GenericFailure|(Type|Range|Reference|Assertion)?Error\b.*)$/;

/** @import { Operation } from './model/linearizable' */

/**
 * @typedef {object} Options
 * @property {string} seed
 * @property {{ endpoint: string, restart?: () => Promise<void> }} dynamodb
 * @property {number} [processes]
 * @property {number} [threads] worker threads, beside the main threads of the processes
 * @property {number} [operations] of each lane in a round
 * @property {boolean} [guarded] whether the stores have the options for secrets and for users; the seed decides
 *   without
 * @property {number} [dropEvery] has the stores lose a write now and then, to see that it is found
 * @property {(line: string) => void} [say]
 * @property {string} [keep] the folder for histories that are not linearizable
 */

class Chaos {
  #options;
  #say;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #proxy;
  #proxyPort = 0;
  #tables;
  #folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-chaos-'));
  /** @type {Set<import('node:child_process').ChildProcess>} */
  #processes = new Set();
  /** What was found, each a text. @type {string[]} */
  problems = [];
  totals = {
    rounds: 0,
    histories: 0,
    checked: 0,
    operations: 0,
    undecided: 0,
    killed: 0,
    restarts: 0,
    jumps: 0,
    collections: 0,
    longest: 0,
    /** @type {Record<string, number>} */
    failures: {},
    /** @type {Record<string, number>} */
    requests: {},
  };

  /** @param {Options} options */
  constructor(options) {
    this.#options = { processes: 2, threads: 2, operations: 60, dropEvery: 0, ...options };
    this.#say = options.say ?? (() => {});
    this.#tables = new Tables(options.dynamodb.endpoint);
  }

  async start() {
    const proxy = fork(join(__dirname, 'proxy.js'));
    this.#proxy = proxy;
    const [{ port }] = await once(proxy, 'message');
    this.#proxyPort = port;
    await this.#tables.create();
  }

  async stop() {
    for (const child of [this.#proxy, ...this.#processes]) child?.kill('SIGKILL');
    await this.#tables.stop();
    rmSync(this.#folder, { recursive: true });
  }

  /**
   * @param {number} number of the round
   * @param {keyof typeof WEATHERS} [weather] the seed decides without
   */
  async round(number, weather) {
    const plan = this.#plan(number, weather);
    this.#say(`round ${number}: ${plan.title}`);
    const started = performance.now();
    const folder = join(this.#folder, String(number));
    mkdirSync(folder);
    await this.#tell('begin', {
      endpoint: this.#options.dynamodb.endpoint,
      weather: WEATHERS[plan.weather],
      seed: `${plan.seed}/proxy`,
    });
    const work = plan.tasks.map((task) => this.#run({ ...task, folder }, 0));
    const [counts] = await Promise.all([Promise.all(work), this.#disturb(plan)]);
    const { lost, counts: requests } = await this.#tell('settle');
    const worked = performance.now();
    await this.#check(plan, folder, lost);
    const seconds = [worked - started, performance.now() - worked].map((each) =>
      (each / 1000).toFixed(1),
    );
    this.#say(`round ${number}: ${seconds[0]} s of work, ${seconds[1]} s of checks`);
    this.#add(counts.flat(), requests);
    rmSync(folder, { recursive: true });
  }

  /** What the seed decides for a round. @param {number} number @param {string} [wanted] */
  #plan(number, wanted) {
    const { seed: whole, processes, threads, operations, dropEvery, dynamodb } = this.#options;
    const seed = `${whole}/${number}`;
    const random = new Random(seed);
    const weather = random.pick(Object.keys(WEATHERS));
    const isFew = random.chance(0.6);
    const attempts = random.pick([1, 3]);
    const isHasty = random.chance(0.5);
    // With it, most calls of a bad round fail before they are sent.
    const breaker = random.chance(0.3);
    const restarts = random.chance(0.25) && dynamodb.restart !== undefined;
    const guarded = this.#options.guarded ?? random.chance(0.5);
    const subjects = Object.keys(SUBJECTS);
    const keys = subjects.flatMap((subject) =>
      Array.from({ length: isFew ? random.between(1, 2) : 12 }, (_, index) => ({
        subject,
        sid: `${subject}-${number}-${index}`,
      })),
    );
    const task = {
      seed,
      keys,
      dropEvery,
      tables: this.#tables.names,
      lanes: 4,
      operations: isFew ? operations : operations * 2,
      burst: isFew ? 4 : 40,
      milliseconds: 30_000,
      connection: {
        dynamoConfig: {
          endpoint: `http://127.0.0.1:${this.#proxyPort}`,
          region: 'us-east-1',
          credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
          maxAttempts: attempts,
          requestTimeout: isHasty ? 300 : 3000,
        },
        operationTimeout: isHasty ? 2000 : 10_000,
        batchThreshold: random.pick([2, 16]),
        breaker,
        guarded,
      },
    };
    const most = task.lanes * task.operations;
    const ends = () => (random.chance(0.3) ? random.between(1, most) : undefined);
    const isRotating = guarded && random.chance(0.5);
    const tasks = Array.from({ length: processes }, (_, process) => {
      const isAhead = isRotating && process % 2 === 1;
      const each = { ...task, connection: { ...task.connection, isAhead } };
      return {
        ...each,
        thread: `p${process}`,
        endAfter: ends(),
        threads: Array.from({ length: threads }, (_, thread) => thread)
          .filter((thread) => thread % processes === process)
          .map((thread) => ({ ...each, thread: `p${process}-t${thread}`, endAfter: ends() })),
      };
    });
    const chosen = wanted ?? weather;
    return {
      seed,
      random,
      tasks,
      keys,
      attempts,
      restarts,
      guarded,
      weather: chosen,
      title: [
        chosen,
        `${keys.length} sessions`,
        `${attempts} attempt${attempts === 1 ? '' : 's'}`,
        isHasty && 'short timeouts',
        breaker && 'breaker',
        guarded && 'all options',
        isRotating && 'rotating ids',
        restarts && 'a restart of DynamoDB',
      ]
        .filter(Boolean)
        .join(', '),
    };
  }

  /**
   * Runs the task of a process, and again in another one if it ends in the middle.
   *
   * @param {any} task
   * @param {number} generation
   * @returns {Promise<any[]>} the counts of its threads
   */
  async #run(task, generation) {
    const child = fork(join(__dirname, 'worker.js'), { execArgv: ['--expose-gc'] });
    this.#processes.add(child);
    const named = (/** @type {any} */ each) => ({
      ...each,
      folder: task.folder,
      thread: `${each.thread}.${generation}`,
    });
    child.send({ ...named(task), threads: task.threads.map(named) });
    const ended = new AbortController();
    const patience = wait(task.milliseconds + task.connection.operationTimeout + PATIENCE, 'late', {
      signal: ended.signal,
    }).catch(() => 'ended');
    const said = await Promise.race([
      once(child, 'message', { signal: ended.signal }),
      once(child, 'exit', { signal: ended.signal }),
      patience,
    ]);
    ended.abort();
    this.#processes.delete(child);
    if (said === 'late') {
      this.problems.push(`process ${task.thread} has calls that do not end`);
      child.kill('SIGKILL');
      return [];
    }
    if (said[0]?.counts) {
      child.kill();
      return said[0].counts;
    }
    if (task.endAfter === undefined || said[1] !== 'SIGKILL') {
      this.problems.push(`process ${task.thread} ended with ${said[1] ?? said[0]}`);
      return [];
    }
    this.totals.killed += 1;
    return this.#run({ ...task, endAfter: undefined }, generation + 1);
  }

  /** What happens to all connections, and to DynamoDB. @param {any} plan */
  async #disturb({ random, weather, restarts }) {
    const { cuts = 0 } = WEATHERS[weather];
    for (let count = 0; count < cuts; count += 1) {
      await wait(random.between(200, 1500));
      await this.#tell('cut', { milliseconds: random.between(100, 1500) });
    }
    if (!restarts) return;
    await wait(random.between(200, 2000));
    await this.#options.dynamodb.restart?.();
    this.totals.restarts += 1;
  }

  /**
   * @param {any} plan
   * @param {string} folder
   * @param {any[]} lost
   */
  async #check({ keys, attempts, title, seed, guarded }, folder, lost) {
    const settled = now();
    const calls = readCalls(folder);
    const sids = new Map(
      keys.flatMap((/** @type {{ subject: string, sid: string }} */ { subject, sid }) =>
        keysOf(subject, sid, guarded).map((key) => [key, sid]),
      ),
    );
    const lostOnes = lost.map((each) => ({ ...each, key: sids.get(each.key) ?? each.key }));
    const histories = historiesOf(calls, { keys, lost: lostOnes, attempts, settled, guarded });
    const inspected = await this.#tables.inspect(keys, guarded);
    for (const [sid, history] of histories) {
      const last = /** @type {{ name: string, result: any }} */ (inspected.get(sid));
      history.push({
        name: last.name,
        result: last.result,
        call: settled,
        end: now(),
        isCertain: true,
      });
      const { verdict, order, stuck } = check(model, simplified(history));
      this.totals.histories += 1;
      this.totals.checked += history.length;
      if (verdict === 'undecided') this.totals.undecided += 1;
      if (verdict === 'violation') {
        this.problems.push(describe({ sid, history, order, stuck, title, seed }));
        this.#keep(`chaos-${seed.replace('/', '-')}-${sid}.json`, history);
      }
    }
    const alive = [...inspected].filter(
      ([sid, { name, result }]) =>
        keys.find((/** @type {{ sid: string }} */ key) => key.sid === sid)?.subject === 'express' &&
        name === 'inspect' &&
        result?.end > ENDED_BEFORE,
    );
    const seen = await this.#tables.listed(guarded);
    const shown = alive.map(([sid, { key }]) => (guarded && key ? handleOf(key) : sid));
    const wanted = JSON.stringify(shown.sort());
    for (const [method, found] of Object.entries(seen)) {
      const isSame =
        typeof found === 'number' ? found === alive.length : JSON.stringify(found) === wanted;
      if (!isSame)
        this.problems.push(`${method}() gave ${JSON.stringify(found)} instead of ${wanted}`);
    }
    for (const { name, result } of calls) {
      if (name === 'length' && result !== undefined && !(result >= 0 && result <= keys.length)) {
        this.problems.push(`length() gave ${result}`);
      }
    }
    await this.#tables.empty();
  }

  /** Writes a history to where it can be looked at. @param {string} name @param {any[]} history */
  #keep(name, history) {
    const { keep } = this.#options;
    if (keep === undefined) return;
    writeFileSync(join(keep, name), JSON.stringify(history));
    this.#say(`The history is in ${join(keep, name)}`);
  }

  /** @param {any[]} counts of threads @param {Record<string, number>} requests */
  #add(counts, requests) {
    const { totals } = this;
    totals.rounds += 1;
    for (const each of counts) {
      for (const name of /** @type {const} */ (['operations', 'jumps', 'collections']))
        totals[name] += each[name];
      totals.longest = Math.max(totals.longest, each.longest);
      addTo(totals.failures, each.failures);
      if (each.doubled > 0) this.problems.push(`${each.doubled} callbacks were called twice`);
      for (const code of Object.keys(each.failures).filter((code) => ODD.test(code))) {
        this.problems.push(`${each.failures[code]} calls failed with ${code}`);
      }
    }
    addTo(totals.requests, requests);
  }

  /** Has the proxy do something. @param {string} order @param {object} [details] @returns {Promise<any>} */
  async #tell(order, details) {
    const proxy = /** @type {import('node:child_process').ChildProcess} */ (this.#proxy);
    proxy.send({ order, ...details });
    for (;;) {
      const [answer] = await once(proxy, 'message');
      if (answer.order === order) return answer.result;
    }
  }
}

/** @param {Record<string, number>} sums @param {Record<string, number>} counts */
function addTo(sums, counts) {
  for (const [name, count] of Object.entries(counts)) sums[name] = (sums[name] ?? 0) + count;
}

/**
 * A violation, with what was going on around it.
 *
 * @param {{ sid: string, history: Operation[], order: Operation[], stuck: Operation[], title: string, seed: string }} violation
 */
function describe({ sid, history, order, stuck, title, seed }) {
  const start = Math.min(...history.map(({ call }) => call));
  const time = (/** @type {number} */ moment) => ((moment - start) / 1e6).toFixed(3);
  const line = (
    /** @type {Operation & { failure?: string }} */ {
      name,
      input,
      result,
      call,
      end,
      isCertain,
      program,
      failure,
    },
  ) =>
    `  ${time(call)}–${time(end)} ms ${name} ${JSON.stringify(input) ?? ''} → ` +
    `${isCertain ? (JSON.stringify(result) ?? 'done') : `unknown (${failure ?? 'no result'})`} [${program ?? ''}]`;
  const last = order.slice(-8);
  const from = Math.min(...[...last, ...stuck].map(({ call }) => call));
  const until = Math.max(...stuck.filter(({ isCertain }) => isCertain).map(({ end }) => end), from);
  const around = history.filter(({ call, end }) => end >= from && call <= until);
  return [
    `${sid} is not linearizable (seed ${seed}; ${title}): ${order.length} of ${history.length} operations have an order.`,
    'The last of that order:',
    ...last.map(line),
    'What cannot follow:',
    ...stuck.map(line),
    'What was going on then:',
    ...around.sort((one, other) => one.call - other.call).map(line),
  ].join('\n');
}

module.exports = { Chaos };

'use strict';

/**
 * What a thread does in a round. It has lanes: a lane does one operation, or one burst of them, after
 * another, as its seed decides.
 */

const { join } = require('node:path');
const { setImmediate: turn, setTimeout: wait } = require('node:timers/promises');
const { Journal, now } = require('./history');
const { sorted } = require('./model/session');
const { Random } = require('./random');
const { SUBJECTS } = require('./subjects');

/** Milliseconds: the furthest that a clock jumps. */
const JUMP = 45 * 60_000;

/** Seconds since the Unix epoch: for sessions that have ended. */
const LONG_AGO = 1_000_000_000;

/** The same, for sessions that never end: the year 2100. */
const NEVER = 4_102_444_800;

/** Seconds: how long other sessions live. */
const LIFETIME = 30 * 86_400;

/** Minutes: how long sessions of requests live at first. */
const MINUTES = LIFETIME / 60;

/** Milliseconds for which a request blocks the event loop between two saves. */
const BLOCKED = 6;

/** Milliseconds that a lane waits after a failure. */
const PAUSE = 25;

/** How the save of a request is named in the model. @type {Record<string, string>} */
const SAVES = { merge: 'merge', overwrite: 'overwrite', error: 'compare', koaRequests: 'merge' };

/** The operations that are not about one session. */
const WHOLE = new Set(['all', 'clear', 'destroyMany', 'length', 'reap']);

const realNow = Date.now;
let jumped = 0;
Date.now = () => realNow() + jumped;

/**
 * What a thread is to do.
 *
 * @typedef {object} Task
 * @property {string} seed
 * @property {string} thread a name that no other thread of the round has
 * @property {string} folder for its journal
 * @property {Record<string, string>} tables
 * @property {import('./subjects').Connection} connection options of every store
 * @property {{ subject: string, sid: string }[]} keys
 * @property {number} lanes
 * @property {number} operations of each lane
 * @property {number} burst the most operations that a lane begins at once
 * @property {number} milliseconds after which no operation begins any more
 * @property {number} [endAfter] the operation with which the thread is to end, in the middle of it
 * @property {number} dropEvery how often a write is not made and acknowledged nevertheless; 0 is never
 */

class Lanes {
  #task;
  #end;
  #journal;
  #stores = new Map();
  #begun = 0;
  #written = 0;
  #started = now();
  counts = {
    operations: 0,
    /** How many calls have failed, by the code of the error. @type {Record<string, number>} */
    failures: {},
    doubled: 0,
    jumps: 0,
    collections: 0,
    /** Milliseconds that the longest call took. */
    longest: 0,
  };

  /**
   * @param {Task} task
   * @param {() => void} end ends the thread
   */
  constructor(task, end) {
    this.#task = task;
    this.#end = end;
    this.#journal = new Journal(join(task.folder, task.thread));
    for (const name of new Set(task.keys.map(({ subject }) => subject))) {
      const { open, table } = SUBJECTS[name];
      // Two on a table: what is asked of both has an order, too.
      const opened = [0, 1].map(() => open(task.tables[table], task.connection));
      for (const store of opened) store.on?.('warning', () => {});
      this.#stores.set(name, opened);
    }
  }

  async run() {
    const doubled = () => {
      this.counts.doubled += 1;
    };
    process.on('doubled', doubled);
    const lanes = Array.from({ length: this.#task.lanes }, (_, index) => this.#lane(index));
    await Promise.all(lanes);
    await Promise.all([...this.#stores.values()].flat().map((store) => store.close()));
    process.off('doubled', doubled);
    jumped = 0;
    return this.counts;
  }

  /** @param {number} index */
  async #lane(index) {
    const { seed, thread, operations, burst, milliseconds } = this.#task;
    const random = new Random(`${seed}/${thread}/${index}`);
    for (let done = 0; done < operations; ) {
      if (now() - this.#started > milliseconds * 1e6) return;
      const width = burst > 1 && random.chance(0.3) ? random.between(2, burst) : 1;
      done += width;
      await Promise.all(Array.from({ length: width }, () => this.#one(random)));
      await this.#between(random);
    }
  }

  /** What happens between two operations of a lane. @param {Random} random */
  async #between(random) {
    if (random.chance(0.02)) {
      jumped = random.between(-JUMP, JUMP);
      this.counts.jumps += 1;
    }
    if (random.chance(0.01)) {
      globalThis.gc?.();
      this.counts.collections += 1;
    }
    if (random.chance(0.1)) await wait(random.below(5));
    else if (random.chance(0.5)) await turn();
  }

  /** @param {Random} random */
  #one(random) {
    const { subject, sid } = random.pick(this.#task.keys);
    const store = random.pick(this.#stores.get(subject));
    const name = random.weighed(SUBJECTS[subject].mix);
    const size = random.chance(0.1) ? random.below(4000) : random.below(40);
    const end = random.chance(0.1) ? LONG_AGO : Math.floor(realNow() / 1000) + LIFETIME;
    // Taken by each operation, whether it needs them or not: so the decisions after it are the same.
    const details = {
      size,
      end: end + random.below(1000),
      own: random.below(4),
      lifetime: random.chance(0.2) ? MINUTES + random.between(1, 10_000) : undefined,
      gap: random.pick(['none', 'turn', 'block']),
    };
    const sids = [0, 1, 2].map(() => random.pick(this.#task.keys));
    this.#begun += 1;
    this.counts.operations += 1;
    if (this.#begun === this.#task.endAfter) this.#end();
    if (SAVES[subject]) return this.#request(subject, store, sid, name, details);
    return this.#byHand(subject, store, sid, name, { ...details, sids });
  }

  /** A value that no other write has. */
  #newValue() {
    this.#written += 1;
    return `${this.#task.thread}/${this.#written}`;
  }

  /**
   * @param {string} subject
   * @param {any} store
   * @param {string} sid
   * @param {string} name
   * @param {any} details
   */
  #byHand(subject, store, sid, name, { size, end, sids }) {
    /** @type {Record<string, () => any>} */
    const inputs = {
      write: () => ({
        value: { n: this.#newValue() },
        end: SUBJECTS[subject].ends ? end : NEVER,
        size,
      }),
      touch: () => ({ end }),
      destroyMany: () => ({
        sids: [
          ...new Set([
            sid,
            ...sids.flatMap((/** @type {Task['keys'][number]} */ key) =>
              key.subject === subject ? key.sid : [],
            ),
          ]),
        ],
      }),
    };
    const input = inputs[name]?.();
    return this.#record(subject, WHOLE.has(name) ? '' : sid, name, input, () =>
      SUBJECTS[subject].operations[name](store, sid, input),
    );
  }

  /**
   * A request: reads the session, changes it and saves it, or ends it.
   *
   * @param {string} subject
   * @param {any} store
   * @param {string} sid
   * @param {string} name
   * @param {any} details
   */
  async #request(subject, store, sid, name, details) {
    const { begin, destroy, save } = SUBJECTS[subject].operations;
    if (name === 'destroy') {
      return this.#record(subject, sid, 'destroy', undefined, () => destroy(store, sid));
    }
    /** @type {any} */
    let session;
    const read = await this.#record(subject, sid, 'read', undefined, async () => {
      const begun = await begin(store, sid);
      session = begun.session;
      return begun.found;
    });
    if (read === undefined || name === 'look') return;
    const request = { subject, store, sid, session, read, details };
    if (read === null) return this.#create(request, name === 'twice');
    if (name === 'again') {
      await this.#record(subject, sid, 'destroy', undefined, () =>
        destroy(store, sid, { of: session }),
      );
      return this.#create(request, true);
    }
    if (name === 'unchanged') {
      await this.#record(subject, sid, 'unchanged', undefined, () => save(store, sid, { session }));
      return;
    }
    const changes = this.#changes(read, details);
    const value = sorted({ ...read, ...changes });
    const saved = this.#save(request, { read, changes, value });
    if (name === 'twice') await this.#saveAgain(request, value);
    await saved;
  }

  /**
   * A request makes a session.
   *
   * @param {any} request
   * @param {boolean} isTwice whether it saves it once more
   */
  async #create({ subject, store, sid, session: of, details }, isTwice) {
    const { create, save } = SUBJECTS[subject].operations;
    const born = this.#newValue();
    const keys = { born, last: born };
    const { size } = details;
    const session = await create(store, sid, { keys, lifetime: MINUTES, size, of });
    const value = sorted({ ...keys, lifetime: MINUTES });
    const input = { value, size, end: Math.floor(realNow() / 1000) + LIFETIME };
    const saved = this.#record(subject, sid, 'write', input, async () => {
      await save(store, sid, { session, keys });
    });
    const request = { subject, store, sid, session, read: value, details };
    if (isTwice) await this.#saveAgain(request, value);
    await saved;
  }

  /**
   * A request saves once more, without waiting for the save that was begun last.
   *
   * @param {any} request
   * @param {any} before what that has saved
   */
  async #saveAgain(request, before) {
    const { last: follows } = this.#journal;
    const { details, read } = request;
    if (details.gap === 'turn') await turn();
    if (details.gap === 'block') {
      // The addon has the save then, and JavaScript does not take its outcome meanwhile.
      await new Promise(process.nextTick);
      const until = performance.now() + BLOCKED;
      while (performance.now() < until);
    }
    const changes = this.#changes(before, details);
    await this.#save(request, { read, changes, value: sorted({ ...before, ...changes }), follows });
  }

  /** What a request changes. @param {any} before @param {any} details */
  #changes(before, { own, lifetime }) {
    const value = this.#newValue();
    const changes = { last: value, [`own${own}`]: value };
    return lifetime === undefined || lifetime === before.lifetime
      ? changes
      : { ...changes, lifetime };
  }

  /** @param {any} request @param {any} input for the model */
  #save({ subject, store, sid, session }, input) {
    const { lifetime, ...keys } = input.changes;
    return this.#record(subject, sid, SAVES[subject], input, async () => {
      await SUBJECTS[subject].operations.save(store, sid, { session, keys, lifetime });
    });
  }

  /**
   * @param {string} subject
   * @param {string} sid
   * @param {string} name
   * @param {any} input for the model
   * @param {() => Promise<any>} call
   * @returns {Promise<any>} its result; `undefined` where it failed
   */
  async #record(subject, sid, name, input, call) {
    const id = this.#journal.called(subject, sid, name, input);
    const started = now();
    try {
      const result = name === 'write' && this.#drops() ? undefined : await call();
      this.#journal.ended(id, result);
      return result;
    } catch (error) {
      const code = String(/** @type {any} */ (error).code ?? error);
      this.counts.failures[code] = (this.counts.failures[code] ?? 0) + 1;
      if (name === 'compare' && code === 'ERR_SESSION_CONFLICT')
        this.#journal.ended(id, 'conflict');
      else this.#journal.failed(id, code);
      // While nothing gets through, a lane would be at its end before that is over.
      await wait(PAUSE);
      return undefined;
    } finally {
      this.counts.longest = Math.max(this.counts.longest, (now() - started) / 1e6);
    }
  }

  #drops() {
    const { dropEvery } = this.#task;
    return dropEvery > 0 && this.#written % dropEvery === 0;
  }
}

module.exports = { Lanes };

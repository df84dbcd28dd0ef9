'use strict';

/**
 * The histories of a round. Each thread writes its own to a file, by one system call for each line:
 * what a thread has written before it was killed is there.
 */

const { openSync, readFileSync, readdirSync, writeSync } = require('node:fs');
const { join } = require('node:path');

/** @import { Operation } from './model/linearizable' */

/** Nanoseconds by the clock that all processes of a machine share. */
const now = () => Number(process.hrtime.bigint());

/** The operations of lanes that save a session. */
const SAVES = ['write', 'merge', 'overwrite', 'compare'];

/**
 * The operations of lanes whose effect a request has.
 *
 * @param {string} request
 * @param {boolean} guarded whether saves may be updates, which keep the marks of sessions
 * @returns {string[]}
 */
function writersOf(request, guarded) {
  if (request === 'PutItem') return SAVES;
  // If it is repeated, it has no effect: it has a token.
  if (request === 'TransactWriteItems') return [];
  if (request === 'UpdateItem') return guarded ? ['touch', ...SAVES] : ['touch'];
  return ['destroy', 'sweep', 'reap'];
}

/** The calls of a thread and their ends. */
class Journal {
  #file;
  #calls = 0;

  /** The call that was noted last. */
  get last() {
    return this.#calls - 1;
  }

  /** @param {string} path of a file that is not there yet */
  constructor(path) {
    this.#file = openSync(path, 'wx');
  }

  /**
   * Notes a call that is about to be made. `input` is for the model.
   *
   * @param {string} subject
   * @param {string} sid
   * @param {string} name
   * @param {any} [input]
   * @returns {number} for `ended`
   */
  called(subject, sid, name, input) {
    const id = this.#calls++;
    this.#write({ id, subject, sid, name, input, call: now() });
    return id;
  }

  /** @param {number} id @param {any} result */
  ended(id, result) {
    this.#write({ id, end: now(), result });
  }

  /** @param {number} id @param {string} failure */
  failed(id, failure) {
    this.#write({ id, end: now(), failure });
  }

  /** @param {object} line */
  #write(line) {
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

/**
 * The calls in the files of a folder, each with what is known of its end.
 *
 * @param {string} folder
 */
function readCalls(folder) {
  const calls = [];
  for (const program of readdirSync(folder)) {
    /** @type {Map<number, any>} */
    const byId = new Map();
    for (const line of readFileSync(join(folder, program), 'utf8').split('\n')) {
      if (line === '') continue;
      const { id, ...rest } = JSON.parse(line);
      byId.set(id, { program, id, ...byId.get(id), ...rest });
    }
    calls.push(...byId.values());
  }
  return calls;
}

/**
 * The history of each session, as `linearizable.js` takes it.
 *
 * @param {any[]} calls as `readCalls` gives them
 * @param {object} round
 * @param {{ subject: string, sid: string }[]} round.keys
 * @param {{ key: string, operation: string, at: number }[]} round.lost writes whose answers got lost,
 *   with the moments of their arrival at the proxy: each may have been repeated
 * @param {number} round.attempts how often a request is sent at most
 * @param {boolean} [round.guarded] whether the stores have the options for secrets and users
 * @param {number} round.settled the moment after which nothing was in flight any more
 * @returns {Map<string, Operation[]>} by the session's id
 */
function historiesOf(calls, { keys, lost, attempts, settled, guarded = false }) {
  /** @type {Map<string, Operation[]>} */
  const histories = new Map(keys.map(({ sid }) => [sid, []]));
  /** @type {Map<string, typeof lost>} */
  const lostOf = new Map();
  for (const each of lost) lostOf.set(each.key, [...(lostOf.get(each.key) ?? []), each]);
  const byName = new Map(calls.map((call) => [nameOf(call.program, call.id), call]));
  for (const call of calls.flatMap((each) => followed(each, byName))) {
    for (const [sid, operation] of operationsOf(call, keys)) {
      const history = /** @type {Operation[]} */ (histories.get(sid));
      const isDone = operation.end !== undefined && operation.failure === undefined;
      if (!isDone && operation.name === 'read') continue;
      // Attempts are made until the call ends, also if they have their effect after that.
      const until = operation.end ?? settled;
      const mayBeRepeated = (lostOf.get(sid) ?? []).filter(
        ({ operation: request, at }) =>
          writersOf(request, guarded).includes(operation.name) &&
          operation.call <= at &&
          at <= until,
      );
      const repeats = Math.min(mayBeRepeated.length, attempts - 1);
      // A write that finds its own first attempt in its way, and others after that, is a conflict.
      const isUnclear = operation.isOptional || (operation.result === 'conflict' && repeats > 0);
      const isCertain = isDone && !isUnclear;
      const known = {
        ...operation,
        result: isCertain ? operation.result : undefined,
        end: isDone ? operation.end : settled,
        isCertain,
      };
      history.push(known);
      for (let count = 0; count < repeats; count += 1) {
        history.push({ ...known, isCertain: false, result: undefined });
      }
    }
  }
  return histories;
}

/** @param {string} program @param {number} id */
const nameOf = (program, id) => `${program} ${id}`;

/**
 * A call. If it is a save that has not waited for an earlier save of its request, what it changes depends on
 * what has become of that.
 *
 * @param {any} call
 * @param {Map<string, any>} calls by their names
 * @returns {any[]} if nobody knows what has become of the earlier save, each that this may be
 */
function followed(call, calls) {
  const { follows, ...input } = call.input ?? {};
  if (follows === undefined) return [call];
  const first = calls.get(nameOf(call.program, follows));
  const after = (/** @type {any[]} */ reads) =>
    call.name === 'compare' ? { ...input, reads } : input;
  // Its changes count from the earlier save.
  const onTop = { ...call, input: after([first.input.value]) };
  const isDone = first.end !== undefined && first.failure === undefined;
  if (isDone) return [first.result === 'conflict' ? { ...call, input } : onTop];
  const both = { ...first.input.changes, ...input.changes };
  const instead =
    first.name === 'write'
      ? { ...call, name: 'write', input: { value: input.value, end: first.input.end } }
      : { ...call, input: { ...after([input.read, first.input.value]), changes: both } };
  if (first.failure !== undefined) return [instead];
  return [onTop, instead].map((each) => ({ ...each, isOptional: true }));
}

/**
 * What a call does to single sessions.
 *
 * @param {any} call
 * @param {{ subject: string, sid: string }[]} keys
 * @returns {[sid: string, operation: any][]}
 */
function operationsOf(call, keys) {
  const { subject, sid, name, input, result } = call;
  if (name === 'destroyMany') {
    return input.sids.map((/** @type {string} */ each) => [
      each,
      { ...call, name: 'destroy', input: undefined },
    ]);
  }
  // A request that has changed nothing changes nothing.
  if (name === 'unchanged') return [];
  if (sid !== '') return [[sid, call]];
  const all = keys.filter((key) => key.subject === subject).map((key) => key.sid);
  // What is asked of the whole table has no place in the order of a session's operations.
  const whole = { ...call, program: undefined };
  if (name === 'all') {
    const of = (/** @type {string} */ each) => ({
      ...whole,
      name: 'read',
      result: result?.[each] ?? null,
    });
    return all.map((each) => [each, of(each)]);
  }
  // Whether `reap` has deleted a session is known only by what is there later.
  if (name === 'reap') return all.map((each) => [each, { ...whole, isOptional: true }]);
  if (name !== 'clear') return [];
  // One that failed has deleted a session or not: nobody knows what it has seen.
  if (call.end === undefined || call.failure !== undefined) {
    return all.map((each) => [each, { ...whole, name: 'destroy' }]);
  }
  const seen = { sweep: `${call.program}/${call.call}` };
  return all.flatMap((each) =>
    ['see', 'sweep'].map(
      (part) =>
        /** @type {[string, any]} */ ([
          each,
          { ...whole, name: part, input: seen, result: undefined },
        ]),
    ),
  );
}

module.exports = { Journal, historiesOf, now, readCalls };

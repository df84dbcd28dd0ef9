'use strict';

/**
 * Operations on one session that are asked for in a row, without waiting for the answers, and a
 * comparison with what doing one after the other would give: each result, what reaches DynamoDB in
 * which order, and what the table holds at the end.
 */

const { setImmediate: turn } = require('node:timers/promises');

/** Seconds since the Unix epoch: the end of the session with the number 0, far ahead. */
const FIRST_END = 4_000_000_000;

/**
 * How a framework's store is used and what it writes. A session has a number, which no other has.
 *
 * @typedef {object} Framework
 * @property {string[]} kinds the operations that it has, among `get`, `set`, `touch`, `destroy` and
 *   `destroyMany`
 * @property {(sid: string) => string} id the key of the session's item
 * @property {(item: any) => number} numberOf the number of the session in an item
 * @property {(store: any, kind: string, sid: string, number: number) => Promise<any>} ask `get` gives
 *   the number, `null` where there is no session; `touch` whether there is one
 * @property {boolean} [writesEnds] whether an item has the end `FIRST_END + number` as `expires`
 */

/** The operation of DynamoDB's that each kind is. */
const OPERATIONS = {
  get: 'GetItem',
  set: 'PutItem',
  touch: 'UpdateItem',
  destroy: 'DeleteItem',
  destroyMany: 'DeleteItem',
};

let lastNumber = 0;

class Sequence {
  #memory;
  #framework;
  #sid;
  #id;
  /** The session after all that was asked for. @type {{ number: number, end: number } | undefined} */
  #session;
  /** @type {{ kind: string, number: number, expected: any, outcome: Promise<any> }[]} */
  #asked = [];

  /**
   * @param {any} memory a server, see `memory-dynamodb.js`
   * @param {Framework} framework
   * @param {string} sid of a session for which nothing is in flight
   */
  constructor(memory, framework, sid) {
    this.#memory = memory;
    this.#framework = framework;
    this.#sid = sid;
    this.#id = framework.id(sid);
    this.#session = this.#stored();
    memory.history(this.#id);
  }

  /**
   * Asks a store for an operation.
   *
   * @param {string} kind
   * @param {any} store
   */
  ask(kind, store) {
    lastNumber += 1;
    const number = lastNumber;
    const expected = this.#expect(kind, number);
    const outcome = this.#framework.ask(store, kind, this.#sid, number);
    // Looked at once all have ended.
    outcome.catch(() => {});
    this.#asked.push({ kind, number, expected, outcome });
  }

  /**
   * Waits for all operations.
   *
   * @returns {Promise<string[]>} what differs from doing one after the other
   */
  async problems() {
    const problems = [];
    for (const [index, { kind, expected, outcome }] of this.#asked.entries()) {
      const result = await outcome.catch((error) => error);
      if (expected === undefined ? result instanceof Error : result !== expected) {
        problems.push(`${kind} (no. ${index + 1}) gave ${result} instead of ${expected}`);
      }
    }
    const { arrivals, overlaps } = this.#memory.history(this.#id);
    problems.push(...overlaps, ...this.#compare(arrivals));
    const stored = this.#stored();
    if (stored?.number !== this.#session?.number || stored?.end !== this.#session?.end) {
      const [found, wanted] = [stored, this.#session].map((session) => JSON.stringify(session));
      problems.push(`the table has ${found} instead of ${wanted}`);
    }
    return problems;
  }

  /** The result of an operation that begins now, with which the session changes. */
  #expect(kind, number) {
    const before = this.#session;
    if (kind === 'get') return before ? before.number : null;
    if (kind === 'set') this.#session = { number, end: this.#end(number) };
    else if (kind !== 'touch') this.#session = undefined;
    else if (before) this.#session = { ...before, end: this.#end(number) };
    return kind === 'touch' ? before !== undefined : undefined;
  }

  #end(number) {
    return this.#framework.writesEnds ? FIRST_END + number : undefined;
  }

  #stored() {
    const item = this.#memory.items.get(this.#id);
    if (!item) return undefined;
    const end = this.#framework.writesEnds ? Number(item.expires.N) : undefined;
    return { number: this.#framework.numberOf(item), end };
  }

  /** What is wrong with the operations that have reached DynamoDB. */
  #compare(arrivals) {
    const left = [...arrivals];
    const problems = [];
    for (const [group, asked] of groupsOf(this.#asked)) {
      const end = left.findIndex(({ name }) => groupOf(name) !== group);
      const arrived = left.splice(0, this.#lengthOf(group, end === -1 ? left.length : end));
      if (!this.#isAllowed(group, asked, arrived)) {
        const wanted = asked.map(({ kind }) => kind).join(', ');
        problems.push(`for ${wanted} there came ${namesOf(arrived)}`);
      }
    }
    if (left.length > 0) problems.push(`too late or too often came ${namesOf(left)}`);
    return problems;
  }

  /** Each touch arrives for itself. */
  #lengthOf(group, length) {
    return group === 'touches' ? Math.min(length, 1) : length;
  }

  /**
   * Reads in a row may be one. Of writes in a row that wait, only the last has to arrive.
   */
  #isAllowed(group, asked, arrived) {
    if (group === 'reads') return arrived.length >= 1 && arrived.length <= asked.length;
    const last = arrived.at(-1);
    if (!last || !this.#isSame(asked.at(-1), last)) return false;
    let next = 0;
    return arrived.slice(0, -1).every((operation) => {
      next = 1 + asked.findIndex((each, index) => index >= next && this.#isSame(each, operation));
      return next > 0 && next < asked.length;
    });
  }

  #isSame({ kind, number }, { name, item, update }) {
    if (OPERATIONS[kind] !== name) return false;
    if (item) return this.#framework.numberOf(item) === number;
    const end = update?.ExpressionAttributeValues[':expires'].N;
    return end === undefined || Number(end) === this.#end(number);
  }
}

function namesOf(operations) {
  return operations.map(({ name }) => name).join(', ') || 'nothing';
}

/** What an operation of DynamoDB's may be merged with. */
function groupOf(name) {
  if (name === 'GetItem') return 'reads';
  return name === 'UpdateItem' ? 'touches' : 'writes';
}

/** Operations in a row that may be merged. */
function groupsOf(asked) {
  const groups = [];
  for (const each of asked) {
    const group = groupOf(OPERATIONS[each.kind]);
    const last = groups.at(-1);
    if (last?.[0] === group && group !== 'touches') last[1].push(each);
    else groups.push([group, [each]]);
  }
  return groups;
}

/**
 * Every sequence of `length` operations of `kinds`, with 0 to 3 turns of the event loop before each
 * but the first.
 *
 * @param {string[]} kinds
 * @param {number} length
 * @returns {{ kind: string, turns: number }[][]}
 */
function sequencesOf(kinds, length) {
  if (length === 0) return [[]];
  const steps = kinds.flatMap((kind) =>
    (length === 1 ? [0] : [0, 1, 2, 3]).map((turns) => ({ kind, turns })),
  );
  return sequencesOf(kinds, length - 1).flatMap((before) => steps.map((step) => [...before, step]));
}

/**
 * Plays one sequence after another on the same sessions, as many at a time as there are `sids`.
 *
 * @param {any} memory
 * @param {Framework} framework
 * @param {any[]} stores each operation goes to the next one
 * @param {{ kind: string, turns: number }[][]} sequences
 * @param {string[]} sids
 * @returns {Promise<string[]>} one for each sequence that did not go as it should
 */
async function play(memory, framework, stores, sequences, sids) {
  const failures = [];
  let next = 0;
  await Promise.all(
    sids.map(async (sid) => {
      while (next < sequences.length) {
        const number = next++;
        const steps = sequences[number];
        const sequence = new Sequence(memory, framework, sid);
        for (const [index, { kind, turns }] of steps.entries()) {
          for (let waited = 0; waited < turns; waited += 1) await turn();
          sequence.ask(kind, stores[(number + index) % stores.length]);
        }
        const problems = await sequence.problems();
        if (problems.length === 0) continue;
        const played = steps.map(({ kind, turns }) => `${kind} after ${turns}`).join(', ');
        failures.push(`${played}: ${problems.join('; ')}`);
      }
    }),
  );
  return failures;
}

module.exports = { FIRST_END, Sequence, play, sequencesOf };

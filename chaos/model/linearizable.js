'use strict';

/**
 * Whether a history is linearizable: whether each operation can be given one moment between its call
 * and its end at which it took effect, so that all results are those of doing one operation after the
 * other.
 *
 * The algorithm is the search of Wing and Gong ("Testing and Verifying Concurrent Objects", 1993) with
 * the memory of configurations that Lowe added ("Testing for Linearizability", 2017), as the checker
 * Porcupine for Go uses it. Linearizability is local (Herlihy and Wing, 1990): a history is checked key
 * by key.
 */

/**
 * An operation of a history.
 *
 * @typedef {object} Operation
 * @property {string} name
 * @property {any} [input]
 * @property {any} [result]
 * @property {number} call when it was called, by a clock that all who call share
 * @property {number} end when its result was there; for an operation without a result, the moment
 *   after which it can take no effect any more
 * @property {boolean} isCertain whether it took effect; one that failed or has no result may have
 *   taken effect or not
 * @property {string} [program] operations of one program take effect in the order of their calls, if
 *   they are certain; reads may change places
 */

/**
 * What the operations do to the state of a key.
 *
 * @template State
 * @typedef {object} Model
 * @property {State} initial
 * @property {(state: State, operation: Operation) => State | undefined} step the state after an
 *   operation; `undefined` where the operation cannot have its result in that state
 * @property {(operation: Operation) => boolean} isBlind whether the state after an operation is the same
 *   whatever was before
 */

/** How many steps the search takes before it gives up. */
const STEPS = 500_000;

/**
 * @template State
 * @param {Model<State>} model
 * @param {readonly Operation[]} history
 * @param {{ steps?: number }} [options]
 * @returns {{ verdict: 'linearizable' | 'violation' | 'undecided', order: Operation[], stuck: Operation[] }}
 *   the longest order that was found, and the operations that could not follow it
 */
function check(model, history, { steps = STEPS } = {}) {
  const operations = [...history].sort((one, other) => one.call - other.call);
  const search = new Search(operations);
  const candidates = search.candidates();
  /**
   * The states on the way, each with what can be next, and whether it is that of an operation that may
   * not have happened.
   *
   * @type {{ state: State, isPossible: boolean, candidates: number[], next: number }[]}
   */
  const stack = [{ state: model.initial, isPossible: false, candidates, next: 0 }];
  const seen = new Set();
  let best = { order: /** @type {number[]} */ ([]), stuck: candidates };
  for (let taken = 0; search.left > 0; ) {
    const frame = stack[stack.length - 1];
    if (frame.next === frame.candidates.length) {
      stack.pop();
      if (stack.length === 0) return outcome('violation');
      search.undo();
      continue;
    }
    taken += 1;
    if (taken > steps) return outcome('undecided');
    const candidate = frame.candidates[frame.next++];
    const operation = operations[candidate];
    // What may have happened can as well not have happened where it changes nothing, or where nobody
    // sees what it changes.
    if (frame.isPossible && model.isBlind(operation)) continue;
    const after = model.step(frame.state, operation);
    if (after === undefined) continue;
    const text = JSON.stringify(after);
    const isPossible = !operation.isCertain;
    if (isPossible && text === JSON.stringify(frame.state)) continue;
    search.take(candidate);
    const configuration = `${search.key} ${isPossible} ${text}`;
    if (seen.has(configuration)) {
      search.undo();
      continue;
    }
    seen.add(configuration);
    const next = search.candidates();
    if (search.order.length > best.order.length) {
      best = { order: [...search.order], stuck: next };
    }
    stack.push({ state: after, isPossible, candidates: next, next: 0 });
  }
  best = { order: [...search.order], stuck: [] };
  return outcome('linearizable');

  /** @param {'linearizable' | 'violation' | 'undecided'} verdict */
  function outcome(verdict) {
    const of = (/** @type {number[]} */ indices) => indices.map((index) => operations[index]);
    return { verdict, order: of(best.order), stuck: of(best.stuck) };
  }
}

/** Which operations have taken effect so far, and which can be the next. */
class Search {
  #operations;
  #taken;
  /** For each operation, the certain ones of the same program that have to be taken before. */
  #before;
  /**
   * After each operation that was taken: the first that may still be taken, the last that is, and the
   * latest call of those that are. What has ended before that call can be taken no more.
   */
  #marks = [{ first: 0, last: -1, latest: Number.NEGATIVE_INFINITY }];
  /** The operations that are taken, in their order. @type {number[]} */
  order = [];
  /** How many certain operations are left. */
  left;

  /** @param {readonly Operation[]} operations in the order of their calls */
  constructor(operations) {
    this.#operations = operations;
    this.#taken = new Uint8Array(operations.length);
    this.left = operations.filter(({ isCertain }) => isCertain).length;
    /** The last operation of each program that is no read, and the reads since. @type {Map<string, number[]>} */
    const previous = new Map();
    this.#before = operations.map(({ program, isCertain, name }, index) => {
      if (program === undefined || !isCertain) return [];
      const before = previous.get(program) ?? [];
      if (name !== 'read') {
        previous.set(program, [index]);
        return before;
      }
      previous.set(program, [...before, index]);
      return before.filter((other) => operations[other].name !== 'read');
    });
  }

  get #mark() {
    return this.#marks[this.#marks.length - 1];
  }

  /** The same text for the same set of operations that are taken, in whatever order. */
  get key() {
    const { first, last } = this.#mark;
    let text = `${first}`;
    for (let index = first; index <= last; index += 1) {
      if (this.#taken[index]) text += `,${index - first}`;
    }
    return text;
  }

  /** What can take effect next: certain operations first, since those have to. */
  candidates() {
    const { first, latest } = this.#mark;
    const certain = [];
    const others = [];
    const alike = new Set();
    let bound = Number.POSITIVE_INFINITY;
    for (let index = first; index < this.#operations.length; index += 1) {
      if (this.#taken[index]) continue;
      const { call, end, isCertain, name, input } = this.#operations[index];
      if (call > bound) break;
      if (isCertain) {
        bound = Math.min(bound, end);
        if (this.#before[index].every((before) => this.#taken[before])) certain.push(index);
        continue;
      }
      if (end < latest) continue;
      // Of several that do the same for the same time, any is as good as the other.
      const kind = JSON.stringify([name, input, end]);
      if (alike.has(kind)) continue;
      alike.add(kind);
      others.push(index);
    }
    return [...certain, ...others];
  }

  /** @param {number} index */
  take(index) {
    this.#taken[index] = 1;
    this.order.push(index);
    const { call, isCertain } = this.#operations[index];
    if (isCertain) this.left -= 1;
    const mark = this.#mark;
    const latest = Math.max(call, mark.latest);
    let { first } = mark;
    while (first < this.#operations.length && this.#isPast(first, latest)) first += 1;
    this.#marks.push({ first, last: Math.max(index, mark.last), latest });
  }

  /** Takes back the last operation. */
  undo() {
    const index = /** @type {number} */ (this.order.pop());
    this.#taken[index] = 0;
    if (this.#operations[index].isCertain) this.left += 1;
    this.#marks.pop();
  }

  /**
   * Whether an operation is taken, or never will be.
   *
   * @param {number} index
   * @param {number} latest
   */
  #isPast(index, latest) {
    const { isCertain, end } = this.#operations[index];
    return this.#taken[index] === 1 || (!isCertain && end < latest);
  }
}

module.exports = { check };

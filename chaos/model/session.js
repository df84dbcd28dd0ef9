'use strict';

/**
 * What the operations of a store do to one session, as `linearizable.js` takes it: the promise that
 * the chaos run checks.
 */

/** @import { Operation } from './linearizable' */

/**
 * Ends before and after this are far enough from now that a clock that jumps by hours changes nothing
 * about which sessions have ended. In seconds since the Unix epoch: the year 2020.
 */
const ENDED_BEFORE = 1_577_836_800;

/**
 * A session in the table.
 *
 * @typedef {object} Session
 * @property {any} value what the application has stored
 * @property {number} end in seconds
 */

/**
 * A session, and what each `clear` has seen of it: that reads the table first, and deletes afterwards.
 *
 * @typedef {object} State
 * @property {Session | null} session
 * @property {Record<string, boolean>} seen whether the session is to be deleted
 */

/** @param {Session | null} session */
const isAlive = (session) => session !== null && session.end > ENDED_BEFORE;

/** @param {any} one @param {any} other both of plain data, with their keys in one order */
const isEqual = (one, other) => JSON.stringify(one) === JSON.stringify(other);

/**
 * Whether the session is the one that a request has read, in whatever state, and no other one that was made
 * under its id. The request that has made it has put a value into it that stays.
 *
 * @param {Session | null} session
 * @param {any} read
 */
const isOf = (session, read) => session !== null && session.value.born === read?.born;

/** @type {Record<string, (state: State, operation: Operation) => State | undefined>} */
const steps = {
  /** `get`, and an entry of `all`: a session that has ended is none. */
  read(state, { result }) {
    const value = isAlive(state.session) ? /** @type {Session} */ (state.session).value : null;
    return isEqual(value, result) ? state : undefined;
  },

  /** `set` of a session that nobody has read. */
  write: (state, { input: { value, end } }) => ({ ...state, session: { value, end } }),

  /** `touch` moves the end of a session that is there, and says whether it is. */
  touch(state, { input: { end }, result }) {
    if (result !== undefined && result !== (state.session !== null)) return undefined;
    return state.session ? { ...state, session: { ...state.session, end } } : state;
  },

  destroy: (state) => ({ ...state, session: null }),

  /** What is in the table, as nobody but the table says. */
  inspect: (state, { result }) => (isEqual(state.session, result) ? state : undefined),

  /** A request saves the session that it has read, with `conflict: 'merge'`. */
  merge(state, { input: { read, changes } }) {
    const { session } = state;
    if (!session || !isOf(session, read)) return state;
    return { ...state, session: { ...session, value: sorted({ ...session.value, ...changes }) } };
  },

  /** The same with `'overwrite'`. */
  overwrite(state, { input: { read, value } }) {
    const { session } = state;
    return session && isOf(session, read) ? { ...state, session: { ...session, value } } : state;
  },

  /**
   * The same with `'error'`: written only if nobody else has written since it was read. `reads` are the
   * states that the request itself may have left since then.
   */
  compare(state, { input: { read, reads = [read], value }, result }) {
    const { session } = state;
    if (!session || !isOf(session, read)) return result === 'conflict' ? undefined : state;
    const isSame = reads.some((/** @type {any} */ each) => isEqual(session.value, each));
    if (result === 'conflict') return isSame ? undefined : state;
    return isSame ? { ...state, session: { ...session, value } } : undefined;
  },

  /** `clear` reads the table. */
  see: (state, { input: { sweep } }) => ({
    ...state,
    seen: { ...state.seen, [sweep]: isAlive(state.session) },
  }),

  /** `clear` deletes what it has seen, whatever it is by then. */
  sweep(state, { input: { sweep } }) {
    const isMeant = state.seen[sweep];
    if (isMeant === undefined) return undefined;
    return isMeant ? { ...state, session: null } : state;
  },

  /** `reap` deletes a session only as it has seen it: ended. */
  reap: (state) =>
    state.session && !isAlive(state.session) ? { ...state, session: null } : undefined,
};

/** @type {import('./linearizable').Model<State>} */
const model = {
  initial: { session: null, seen: {} },
  step: (state, operation) => steps[operation.name](state, operation),
  isBlind: ({ name }) => name === 'write' || name === 'destroy',
};

/**
 * The same history with fewer states to go through. What nobody has ever read are the same values, and
 * ends are told apart only where that can be seen.
 *
 * @param {Operation[]} history
 * @returns {Operation[]}
 */
function simplified(history) {
  const observed = new Set();
  const ends = new Set();
  for (const { name, input, result, isCertain } of history) {
    if (!isCertain) continue;
    if (name === 'inspect' && result) ends.add(result.end);
    const reads = [
      name === 'inspect' ? result?.value : result,
      input?.read,
      ...(input?.reads ?? []),
    ];
    for (const read of reads) {
      for (const value of Object.values(read ?? {})) observed.add(value);
    }
  }
  const endOf = (/** @type {number} */ end) => {
    if (ends.has(end)) return end;
    return end > ENDED_BEFORE ? ENDED_BEFORE * 2 : 0;
  };
  const isUnseen = (/** @type {any} */ { lifetime: _, ...value }) =>
    !Object.values(value).some((each) => observed.has(each));
  return history.map((operation) => {
    const { input, isCertain } = operation;
    if (input?.end === undefined && isCertain) return operation;
    const { value, changes, end, size: _, ...others } = input ?? {};
    const simple = { ...others };
    if (end !== undefined) simple.end = endOf(end);
    if (changes) simple.changes = isCertain || !isUnseen(changes) ? changes : masked(changes);
    if (value) {
      const own = changes ?? value;
      // Its keys count: another request may have been merged into it.
      simple.value = isCertain || !isUnseen(own) ? value : { ...value, ...masked(own) };
    }
    return { ...operation, input: simple };
  });
}

/** @param {Record<string, any>} changes */
function masked({ lifetime, ...changes }) {
  const unseen = Object.fromEntries(Object.keys(changes).map((key) => [key, 'unseen']));
  // Many sessions have the same lifetime.
  return lifetime === undefined ? unseen : { ...unseen, lifetime };
}

/** An object with its keys in order, as `isEqual` needs it. @param {Record<string, any>} object */
function sorted(object) {
  return Object.fromEntries(
    Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

module.exports = { ENDED_BEFORE, model, simplified, sorted };

'use strict';

const { historiesOf } = require('../chaos/history');
const { check } = require('../chaos/model/linearizable');
const { model, simplified } = require('../chaos/model/session');
const { Random } = require('../chaos/random');

const ALIVE = 4_000_000_000;
const ENDED = 1_000_000_000;

/** An operation from `call` to `end`; without a result where `isCertain` is `false`. */
const operation = (name, call, end, { input, result, isCertain = true, program } = {}) => ({
  name,
  call,
  end: isCertain ? end : Number.MAX_SAFE_INTEGER,
  input,
  result,
  isCertain,
  program,
});
const write = (n, call, end, more) =>
  operation('write', call, end, { input: { value: { n }, end: ALIVE }, ...more });
const read = (n, call, end, more) =>
  operation('read', call, end, { result: n === null ? null : { n }, ...more });

/** The verdict on a history, which is the same whether it was simplified or not. */
function verdictOn(history) {
  const verdicts = [history, simplified(history)].map((each) => check(model, each).verdict);
  expect(verdicts[0]).toBe(verdicts[1]);
  return verdicts[0];
}

/** A session of a request, which tells when it was made, and its last change. */
const made = (born, last = born) => ({ born, last });
const create = (born, call, end, more) =>
  operation('write', call, end, { input: { value: made(born), end: ALIVE }, ...more });
const see = (result, call, end) => operation('read', call, end, { result });
/** Requests that save the session `made(born)` as `made(born, last)`. */
const saves = ['merge', 'overwrite', 'compare'];
const save = (name, born, last, call, end, more) =>
  operation(name, call, end, {
    input: { read: made(born), changes: { last }, value: made(born, last) },
    ...more,
  });

describe('a history that is linearizable', () => {
  test.each([
    ['nothing', []],
    ['a read of what was never written', [read(null, 0, 1)]],
    ['one after the other', [write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), read(2, 6, 7)]],
    ['a read beside a write sees the old session', [write(1, 0, 1), write(2, 2, 9), read(1, 3, 4)]],
    ['or the new one', [write(1, 0, 1), write(2, 2, 9), read(2, 3, 4)]],
    ['a write that failed was made', [write(1, 0, 1, { isCertain: false }), read(1, 5, 6)]],
    ['or was not', [write(1, 0, 1, { isCertain: false }), read(null, 5, 6)]],
    [
      'or was made late',
      [write(1, 0, 1, { isCertain: false }), write(2, 2, 3), read(2, 4, 5), read(1, 6, 7)],
    ],
    [
      'a write that failed and that nobody has read was made, and another was merged into it',
      [
        write(1, 0, 1, { isCertain: false }),
        operation('merge', 2, 3, { input: { changes: { n: 2 } } }),
        read(2, 4, 5),
      ],
    ],
    [
      'reads of one program change places',
      [
        write(1, 0, 1),
        write(2, 2, 9),
        read(2, 3, 8, { program: 'a' }),
        read(1, 4, 7, { program: 'a' }),
      ],
    ],
    [
      'a session that has ended is none, until a touch',
      [
        operation('write', 0, 1, { input: { value: { n: 1 }, end: ENDED } }),
        read(null, 2, 3),
        operation('touch', 4, 5, { input: { end: ALIVE }, result: true }),
        read(1, 6, 7),
      ],
    ],
    [
      'clear deletes what it has seen, whatever it is by then',
      [
        write(1, 0, 1),
        operation('see', 2, 9, { input: { sweep: 'a' } }),
        operation('sweep', 2, 9, { input: { sweep: 'a' } }),
        write(2, 3, 4),
        read(null, 5, 6),
      ],
    ],
  ])('%s', (_name, history) => {
    expect(verdictOn(history)).toBe('linearizable');
  });

  test.each(saves)('%s: a session that was made again is not the one that was read', (name) => {
    const again = [create(1, 0, 1), operation('destroy', 2, 3), create(2, 4, 5)];
    const history = [...again, save(name, 1, 3, 6, 7), see(made(2), 8, 9)];
    expect(verdictOn(history)).toBe('linearizable');
  });
});

describe('a violation', () => {
  test.each([
    ['a stale read', [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)]],
    ['a lost update', [write(1, 0, 1), write(2, 2, 3), read(2, 4, 5), read(1, 6, 7)]],
    ['a session from nowhere', [read(7, 0, 1)]],
    [
      'the session of another id',
      [write(1, 0, 1), operation('read', 2, 3, { result: { foreign: 'b' } })],
    ],
    [
      'a new session, then the old one',
      [write(1, 0, 1), write(2, 2, 20), read(2, 3, 4), read(1, 5, 6)],
    ],
    ['a write that was made twice', [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5), read(2, 6, 7)]],
    [
      'a failed write that was made twice',
      [
        write(1, 0, 1, { isCertain: false }),
        read(1, 2, 3),
        write(2, 4, 5),
        read(2, 6, 7),
        read(1, 8, 9),
      ],
    ],
    ['a logout that is undone', [write(1, 0, 1), operation('destroy', 2, 3), read(1, 4, 5)]],
    [
      'a touch that brings a session back',
      [
        operation('destroy', 0, 1),
        operation('touch', 2, 3, { input: { end: ALIVE }, result: true }),
      ],
    ],
    [
      'writes of one program that change places',
      [write(1, 0, 10, { program: 'a' }), write(2, 1, 9, { program: 'a' }), read(1, 20, 21)],
    ],
    [
      'a write that overtakes the read before it',
      [read(1, 0, 10, { program: 'a' }), write(1, 1, 9, { program: 'a' })],
    ],
    [
      'a merge that loses a key',
      [
        write(1, 0, 1),
        operation('merge', 2, 3, { input: { changes: { a: 'x' } } }),
        operation('merge', 2, 3, { input: { changes: { b: 'y' } } }),
        operation('read', 4, 5, { result: { b: 'y', n: 1 } }),
      ],
    ],
    [
      'a conflict that nobody saw',
      [
        write(1, 0, 1),
        operation('compare', 2, 3, {
          input: { read: { n: 1 }, value: { n: 2 } },
          result: 'conflict',
        }),
        read(1, 4, 5),
      ],
    ],
    [
      'a session that clear has left',
      [
        write(1, 0, 1),
        operation('see', 2, 3, { input: { sweep: 'a' } }),
        operation('sweep', 2, 3, { input: { sweep: 'a' } }),
        read(1, 4, 5),
      ],
    ],
    [
      'reap that has deleted a session that is alive',
      [write(1, 0, 1), operation('reap', 2, 3, { isCertain: false }), read(null, 4, 5)],
    ],
  ])('%s', (_name, history) => {
    expect(verdictOn(history)).toBe('violation');
  });

  test.each(saves)('%s: a save of a session that was made again since', (name) => {
    const again = [create(1, 0, 1), operation('destroy', 2, 3), create(2, 4, 5)];
    const history = [...again, save(name, 1, 3, 6, 7), see(made(1, 3), 8, 9)];
    expect(verdictOn(history)).toBe('violation');
  });
});

describe('a request that saves twice without waiting', () => {
  const keys = [{ subject: 'merge', sid: 'a' }];
  const read = { born: 1, one: 1, two: 1 };

  /**
   * The history of a session that a request has read and saves twice. First it changes one, then two; another
   * request changes one in between.
   *
   * @param {string} name of the operation
   * @param {object} first what has come of the first save
   * @param {any} last what is there in the end
   */
  function historyOf(name, first, last) {
    const call = (id, program, each) => ({ id, program, subject: 'merge', sid: 'a', ...each });
    const one = { changes: { one: 2 }, value: { ...read, one: 2 } };
    const both = { changes: { two: 2 }, value: { ...read, one: 2, two: 2 } };
    const theirs = { changes: { one: 3 }, value: { ...read, one: 3 } };
    const calls = [
      call(0, 'p', { name: 'write', input: { value: read, end: ALIVE }, call: 0, end: 1 }),
      call(1, 'p', { name, input: { read, ...one }, call: 2, ...first }),
      call(0, 'q', { name: 'merge', input: { read, ...theirs }, call: 4, end: 5 }),
      call(2, 'p', { name, input: { read, ...both, follows: 1 }, call: 6, end: 7 }),
      call(3, 'p', { name: 'read', result: last, call: 8, end: 9 }),
    ];
    return historiesOf(calls, { keys, lost: [], attempts: 1, settled: 10 }).get('a');
  }

  const done = { end: 3 };
  const failed = { end: 3, failure: 'ERR_SESSION_TIMEOUT' };
  const unknown = {};

  test.each([
    ['has changed two since the first save', 'merge', done, { one: 3, two: 2 }, 'linearizable'],
    ['has not changed one again', 'merge', done, { one: 2, two: 2 }, 'violation'],
    ['has changed both if the first failed', 'merge', failed, { one: 2, two: 2 }, 'linearizable'],
    ['has not left one then', 'merge', failed, { one: 3, two: 2 }, 'violation'],
    ['may have changed both', 'merge', unknown, { one: 2, two: 2 }, 'linearizable'],
    ['or only two', 'merge', unknown, { one: 3, two: 2 }, 'linearizable'],
    ['overwrites what is there', 'overwrite', done, { one: 2, two: 2 }, 'linearizable'],
    ['does not overwrite another', 'compare', done, { one: 2, two: 2 }, 'violation'],
  ])('%s', (_what, name, first, last, verdict) => {
    const history = historyOf(name, first, { born: 1, ...last });
    expect(verdictOn(history)).toBe(verdict);
  });
});

/**
 * A history of lanes that use a store in memory, whose operations take effect at a moment between call
 * and end.
 *
 * @param {string} seed
 * @param {{ dropEvery?: number, staleEvery?: number }} mutation how often a write is acknowledged and
 *   not made, and how often a read gives what was there before the last write
 */
function simulated(
  seed,
  { dropEvery = Number.POSITIVE_INFINITY, staleEvery = Number.POSITIVE_INFINITY },
) {
  const random = new Random(seed);
  const operations = 20_000;
  let [stored, before] = /** @type {(number | null)[]} */ ([null, null]);
  let [writes, reads] = [0, 0];
  /** When each of the lanes has ended its last operation. */
  const lanes = Array.from({ length: 3 }, () => random.next());
  const asked = Array.from({ length: operations }, () => {
    const lane = random.below(lanes.length);
    const call = lanes[lane] + random.next() / 100;
    const effect = call + random.next();
    const end = effect + random.next();
    lanes[lane] = end;
    return { call, effect, end, name: random.weighed({ read: 6, write: 3, destroy: 1 }) };
  });
  return asked
    .sort((one, other) => one.effect - other.effect)
    .map(({ call, end, name }) => {
      if (name === 'read') {
        reads += 1;
        return read(reads % staleEvery === 0 ? before : stored, call, end);
      }
      writes += 1;
      before = stored;
      if (writes % dropEvery !== 0) stored = name === 'write' ? writes : null;
      return name === 'write' ? write(writes, call, end) : operation('destroy', call, end);
    });
}

test('a long history of a store that is right is linearizable', () => {
  expect(check(model, simulated('right', {})).verdict).toBe('linearizable');
});

test.each([
  ['drops an acknowledged write', { dropEvery: 1000 }],
  ['gives an old session', { staleEvery: 1000 }],
])('a store that %s once in a thousand is found out', (_name, mutation) => {
  expect(check(model, simulated('wrong', mutation)).verdict).toBe('violation');
});

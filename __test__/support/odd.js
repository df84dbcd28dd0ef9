'use strict';

/** Values that no store has asked for, and what becomes of calls with them. */

/** What the odd values throw that throw. */
class OddError extends Error {}

const fails = () => {
  throw new OddError('this is what was given');
};

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

/** Each is made afresh for each call. @type {Record<string, () => any>} */
const odd = {
  undefined: () => undefined,
  null: () => null,
  true: () => true,
  false: () => false,
  zero: () => 0,
  'negative zero': () => -0,
  'a negative number': () => -1,
  'a fraction': () => 0.1,
  'a huge number': () => 1e300,
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  'a BigInt': () => 10n ** 30n,
  'no text': () => '',
  text: () => 'text',
  'a number as text': () => '1',
  'half a surrogate pair': () => '\ud83d',
  'a symbol': () => Symbol('odd'),
  'a function': () => () => {},
  'a function that throws': () => fails,
  'an array': () => [1, 'two', null],
  'an empty object': () => ({}),
  'an object without a prototype': () => Object.create(null),
  'a number as an object': () => Object(1),
  'no date': () => new Date(Number.NaN),
  'a date': () => new Date(1e12),
  bytes: () => Buffer.from('bytes'),
  'a Map': () => new Map([[1, 2]]),
  'a promise': () => Promise.resolve(1),
  'what valueOf throws for': () => ({
    valueOf: fails,
    toString: fails,
    [Symbol.toPrimitive]: fails,
  }),
  'what toJSON throws for': () => ({ toJSON: fails }),
  'a getter that throws': () => Object.defineProperty({}, 'name', { get: fails, enumerable: true }),
  'a proxy that throws': () => new Proxy({}, { get: fails, has: fails, ownKeys: fails }),
  'a proxy that is revoked': revoked,
};

/**
 * What becomes of a call: nothing, or why it failed. A failure is an error with a stable code, or what
 * the value itself has thrown.
 *
 * @param {() => any} call
 * @returns {Promise<string | undefined>} what is wrong with that
 */
async function wrongWith(call) {
  try {
    await call();
    return undefined;
  } catch (error) {
    if (error instanceof OddError) return undefined;
    // V8's own, for looking into a proxy that is revoked.
    if (/proxy that has been revoked/.test(error?.message)) return undefined;
    if (error instanceof Error && typeof error.code === 'string' && !/Expected$/.test(error.code)) {
      return undefined;
    }
    return String(error?.stack ?? error);
  }
}

module.exports = { odd, wrongWith };

'use strict';

/**
 * Calling the client that the user passed, as one would who uses the SDK. The addon gives an
 * operation's parameters as DynamoDB's JSON, and takes the answer in the same form.
 */

const { isDate } = require('node:util').types;
const { placeOf, secretsOf, without } = require('./place');
const { V3, findSdk } = require('./sdk');

/** @import { CallAnswer, CallFailure } from '../../native/binding' */

/** The operations that a store asks for. */
const OPERATIONS = [
  'BatchGetItem',
  'BatchWriteItem',
  'CreateTable',
  'DeleteItem',
  'DescribeTable',
  'DescribeTimeToLive',
  'GetItem',
  'PutItem',
  'Query',
  'Scan',
  'UpdateContinuousBackups',
  'UpdateItem',
  'UpdateTable',
  'UpdateTimeToLive',
];

/** What an operation is called as a method. */
const methodOf = (/** @type {string} */ name) => name[0].toLowerCase() + name.slice(1);

const METHODS = OPERATIONS.map(methodOf);

/** What a client is called by: if one of these changes, a test stub was installed or removed. */
const WAYS_IN = ['send', ...METHODS];

/** Errors, by code or name, that mean that DynamoDB was not reached or did not answer. */
const UNREACHABLE = new Set(['AbortError', 'NetworkingError', 'TimeoutError', 'UnknownEndpoint']);

/** The operating system's codes, such as `ECONNREFUSED`; Node's own begin with `ERR_`. */
const SYSTEM_CODE = /^E(?!RR_)[A-Z_]+$/;

const WRAPPED = /^AWS SDK error wrapper .*(socket hang up| E(?!RR_)[A-Z_]{3,})/;

const NO_CREDENTIALS = new Set([
  'CredentialsError',
  'CredentialsProviderError',
  'TokenProviderError',
]);

/**
 * Has a client do an operation, and answers the addon with plain data, whatever happens.
 *
 * @param {any} client
 * @param {string} operation
 * @param {string} input
 * @returns {Promise<CallAnswer>}
 */
async function answerCall(client, operation, input) {
  try {
    const answer = await call(client, operation, JSON.parse(input, fromWire));
    const { $metadata, ...output } = answer ?? {};
    return { output: JSON.stringify(output, toWire) };
  } catch (error) {
    return { failure: await describe(failureOf(error), client) };
  }
}

/**
 * @param {any} client
 * @param {string} operation
 * @param {any} input
 */
function call(client, operation, input) {
  const method = methodOf(operation);
  // A method that somebody put on the object itself is there to be called: a stub.
  if (typeof client.send === 'function' && !Object.hasOwn(client, method)) {
    const Command = findSdk(V3)?.[`${operation}Command`];
    if (Command) return client.send(new Command(input));
  }
  if (typeof client[method] === 'function') return callMethod(client, method, input);
  if (typeof client.send !== 'function')
    throw new TypeError(`the client has no method "${method}"`);
  throw new TypeError(`the client takes commands of ${V3}, which was not found: install it`);
}

/**
 * Clients answer by callback, by a promise, or by an object whose `promise()` gives one.
 *
 * @param {any} client
 * @param {string} method
 * @param {any} input
 */
function callMethod(client, method, input) {
  return new Promise((resolve, reject) => {
    const answer = client[method](
      input,
      (/** @type {unknown} */ error, /** @type {any} */ output) =>
        error ? reject(error) : resolve(output),
    );
    if (typeof answer?.then === 'function') answer.then(resolve, reject);
    // One that can be sent has been, because of the callback; `promise()` would do it again.
    else if (typeof answer?.promise === 'function' && typeof answer.send !== 'function') {
      answer.promise().then(resolve, reject);
    }
  });
}

/**
 * A reviver: bytes are Base64 on the wire.
 *
 * @param {string} key
 * @param {any} value
 */
function fromWire(key, value) {
  // An attribute that is called "B" has an object as its value, never a string.
  return key === 'B' && typeof value === 'string' ? Buffer.from(value, 'base64') : value;
}

/**
 * A replacer, the other way round.
 *
 * @this {any} the object that has the value
 * @param {string} key
 * @param {any} value what the `toJSON` of the value, if any, has made of it
 */
function toWire(key, value) {
  const raw = this[key];
  if (ArrayBuffer.isView(raw)) {
    return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('base64');
  }
  if (isDate(raw)) return raw.getTime() / 1000;
  if (key === 'N' && typeof raw === 'number') return String(raw);
  return typeof raw === 'bigint' ? Number(raw) : value;
}

/**
 * @param {any} error of either SDK, of Node, or of whatever stands in for a client
 * @returns {CallFailure}
 */
function failureOf(error) {
  const name = text(error?.name) ?? 'Error';
  const code = text(error?.code);
  const metadata = error?.$metadata;
  const status = metadata?.httpStatusCode ?? error?.statusCode;
  const statusCode = Number.isInteger(status) && status > 0 ? status : undefined;
  const fromService = [name, code].find((each) => each?.endsWith('Exception'));
  const answered = fromService ?? (error?.$fault || statusCode);
  return {
    kind: answered ? 'service' : kindOf(error, name, code),
    name: answered && name === 'Error' ? (fromService ?? code ?? name) : name,
    message: text(error?.message) ?? String(error),
    requestId: text(metadata?.requestId) ?? text(error?.requestId),
    statusCode,
    metadata: metadata && JSON.stringify(metadata),
    throttlingReasons: reasonsOf(error),
    causes: causesOf(error),
  };
}

/**
 * Why DynamoDB has throttled a request, as JSON. v3 has it under either name, by the class of its error.
 *
 * @param {any} error
 */
function reasonsOf(error) {
  const throttlingReasons = error?.throttlingReasons ?? error?.ThrottlingReasons;
  return Array.isArray(throttlingReasons) ? JSON.stringify({ throttlingReasons }) : undefined;
}

/**
 * A failure that says where requests go, and does not quote what they are signed with.
 *
 * @param {CallFailure} failure
 * @param {any} client
 * @returns {Promise<CallFailure>}
 */
async function describe(failure, client) {
  const secrets = await secretsOf(client);
  const shown = Object.entries(failure).map(([name, value]) => [name, without(value, secrets)]);
  return { ...Object.fromEntries(shown), ...(await placeOf(client)) };
}

/**
 * What the error says, and what those say that led to it.
 *
 * @param {any} error
 * @returns {string[]}
 */
function causesOf(error) {
  const causes = [];
  let next = error;
  // Only errors that go round in circles have that many.
  while (next && causes.length < 8) {
    causes.push(String(next));
    next = next.cause;
  }
  return causes;
}

/**
 * @param {any} error
 * @param {string} name
 * @param {string | undefined} code
 * @returns {CallFailure['kind']}
 */
function kindOf(error, name, code = name) {
  if (NO_CREDENTIALS.has(name) || NO_CREDENTIALS.has(code)) return 'credentials';
  const codes = [name, code, error?.errors?.[0]?.code];
  const unreachable =
    codes.some((each) => UNREACHABLE.has(each) || SYSTEM_CODE.test(each)) ||
    // v3 wraps an error of another realm (Node's own, in Jest), and keeps no more than its text.
    WRAPPED.test(error?.message);
  return unreachable ? 'unreachable' : 'other';
}

/** @param {unknown} value */
function text(value) {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

module.exports = { METHODS, WAYS_IN, answerCall };

'use strict';

/**
 * Calls the user's client, as an application that uses the SDK would. The addon passes the parameters of an operation
 * as DynamoDB's JSON, and takes the answer in the same form.
 */

const { isDate } = require('node:util').types;
const { placeOf, redact, secretsOf } = require('./place');
const { V3, findSdk } = require('./sdk');

/** @import { CallAnswer, CallFailure } from '../../native/binding' */

/** The operations of DynamoDB that the store uses. */
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
  'TransactWriteItems',
  'UpdateContinuousBackups',
  'UpdateItem',
  'UpdateTable',
  'UpdateTimeToLive',
];

/** The name of an operation's method on a client. */
const methodOf = (/** @type {string} */ name) => name[0].toLowerCase() + name.slice(1);

const METHODS = OPERATIONS.map(methodOf);

/** The methods that the store may call on a client. If one of them changes, a test stub was installed or removed. */
const CALLED_METHODS = ['send', ...METHODS];

/** Codes and names of errors that mean: DynamoDB was not reached or did not answer. */
const UNREACHABLE = new Set(['AbortError', 'NetworkingError', 'TimeoutError', 'UnknownEndpoint']);

/** Error codes of the operating system, such as `ECONNREFUSED`. Codes of Node begin with `ERR_` and do not match. */
const SYSTEM_CODE = /^E(?!RR_)[A-Z_]+$/;

/** The message of an error that v3 has wrapped, see `kindOf`. */
const WRAPPED = /^AWS SDK error wrapper .*(socket hang up| E(?!RR_)[A-Z_]{3,})/;

const NO_CREDENTIALS = new Set([
  'CredentialsError',
  'CredentialsProviderError',
  'TokenProviderError',
]);

/**
 * Runs an operation on a client. The answer to the addon is plain data, also if the operation fails.
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
    return { failure: await completed(failureOf(error), client) };
  }
}

/**
 * @param {any} client
 * @param {string} operation
 * @param {any} input
 */
function call(client, operation, input) {
  const method = methodOf(operation);
  // A method on the object itself is a test stub, and is called instead of `send`.
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
 * Calls a method of a client. The client may answer by callback, by a promise, or by an object whose method `promise`
 * returns a promise.
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
    // A request of v2 has `send`, and was sent because it got a callback: `promise()` would send it again.
    else if (typeof answer?.promise === 'function' && typeof answer.send !== 'function') {
      answer.promise().then(resolve, reject);
    }
  });
}

/**
 * A reviver for DynamoDB's JSON: makes bytes of Base64.
 *
 * @param {string} key
 * @param {any} value
 */
function fromWire(key, value) {
  // The value of an attribute with the name "B" is an object, never a string.
  return key === 'B' && typeof value === 'string' ? Buffer.from(value, 'base64') : value;
}

/**
 * A replacer for DynamoDB's JSON: writes bytes as Base64, dates as seconds and BigInts as numbers.
 *
 * @this {any} the object that contains the value
 * @param {string} key
 * @param {any} value the value after its `toJSON`
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
 * @param {any} error an error of an SDK, of Node, or of an object that replaces a client
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
 * Returns the reasons why DynamoDB has throttled a request, as JSON. In v3, the name of the property depends on the
 * class of the error.
 *
 * @param {any} error
 */
function reasonsOf(error) {
  const throttlingReasons = error?.throttlingReasons ?? error?.ThrottlingReasons;
  return Array.isArray(throttlingReasons) ? JSON.stringify({ throttlingReasons }) : undefined;
}

/**
 * Adds the endpoint and region of a client to a failure, and removes the client's credentials from its texts.
 *
 * @param {CallFailure} failure
 * @param {any} client
 * @returns {Promise<CallFailure>}
 */
async function completed(failure, client) {
  const secrets = await secretsOf(client);
  const redacted = Object.entries(failure).map(([name, value]) => [name, redact(value, secrets)]);
  return { ...Object.fromEntries(redacted), ...(await placeOf(client)) };
}

/**
 * Returns the text of an error and of its causes.
 *
 * @param {any} error
 * @returns {string[]}
 */
function causesOf(error) {
  const causes = [];
  let next = error;
  // Bounded, because an error may be its own cause.
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
    // v3 wraps errors of another realm, such as Node's errors under Jest, and keeps only their text.
    WRAPPED.test(error?.message);
  return unreachable ? 'unreachable' : 'other';
}

/** @param {unknown} value */
function text(value) {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

module.exports = { CALLED_METHODS, METHODS, answerCall };

'use strict';

/** Reads the settings of a connection, with the names of aws-sdk v2, of v3 or of this package. */

const { invalidArgument } = require('../errors');
const { option, typeName } = require('../options');
const { agentFor, maxSocketsOf } = require('./agent');
const { isProvider } = require('./credentials');
const { readEndpoint } = require('./endpoint');
const { userAgent } = require('./sdk');

/** @import { ConnectionOptions } from '../../native/binding' */

/**
 * @param {Record<string, any>} config
 * @param {Record<string, any>} http `httpOptions`
 * @param {Record<string, any>} handler `requestHandler`
 * @param {string} origin the option that holds the settings
 * @returns {ConnectionOptions}
 */
function readSettings(config, http, handler, origin) {
  /** @type {(name: string, kind: import('../options').Kind | import('../options').Kind[]) => any} */
  const read = (name, kind) => option(config, name, kind, origin);
  const readHttp = (/** @type {string} */ name) =>
    option(http, name, 'milliseconds', `${origin}.httpOptions`);
  const readHandler = (/** @type {string} */ name) =>
    option(handler, name, 'milliseconds', `${origin}.requestHandler`);
  read('tls', 'boolean');
  const endpoint = readEndpoint(config.endpoint, origin, read('sslEnabled', 'boolean') !== false);
  return {
    origin,
    region: read('region', 'string'),
    endpoint,
    ignoreConfiguredEndpointUrls: read('ignoreConfiguredEndpointUrls', 'boolean'),
    profile: read('profile', 'string'),
    maxAttempts: read('maxAttempts', 'number') ?? readMaxRetries(config, origin),
    retryMode: read('retryMode', 'string'),
    requestTimeout:
      read('requestTimeout', 'milliseconds') ??
      readHttp('timeout') ??
      readHandler('requestTimeout'),
    connectTimeout:
      read('connectTimeout', 'milliseconds') ??
      readHttp('connectTimeout') ??
      readHandler('connectionTimeout'),
    maxSockets: maxSocketsOf(http.agent) ?? maxSocketsOf(agentFor(handler, endpoint)),
    useDualstackEndpoint: read('useDualstackEndpoint', 'boolean'),
    useFipsEndpoint: read('useFipsEndpoint', 'boolean'),
    accountIdEndpointMode: read('accountIdEndpointMode', 'string'),
    proxy: readProxy(config.proxy, origin),
    userAgent: userAgent(read('customUserAgent', ['string', 'array'])),
    userAgentAppId: read('userAgentAppId', 'string'),
    ...readKeys(config, origin),
  };
}

/**
 * Returns the URL of a proxy. The addon checks the URL.
 *
 * @param {any} proxy text, or a `URL`
 * @param {string} origin
 * @returns {string | undefined}
 */
function readProxy(proxy, origin) {
  if (typeof proxy?.href === 'string') return proxy.href;
  return option({ proxy }, 'proxy', 'string', origin);
}

/**
 * Returns the number of attempts by `maxRetries` of aws-sdk v2, which does not count the first attempt.
 *
 * @param {Record<string, any>} config
 * @param {string} origin
 */
function readMaxRetries(config, origin) {
  const retries = option(config, 'maxRetries', 'number', origin);
  if (retries === undefined) return undefined;
  if (Number.isInteger(retries) && retries >= 0) return retries + 1;
  throw invalidArgument(
    `option "${origin}.maxRetries" must be a whole number, at least 0, but is ${retries}`,
  );
}

/**
 * Reads keys in the settings: beside the other settings, or in a plain `credentials` object.
 *
 * @param {Record<string, any>} config
 * @param {string} origin
 */
function readKeys(config, origin) {
  const credentials = option(config, 'credentials', ['object', 'function'], origin);
  const plain = credentials !== undefined && !isProvider(credentials);
  const [keys, owner] = plain ? [credentials, `${origin}.credentials`] : [config, origin];
  const read = (/** @type {string} */ name) => option(keys, name, 'string', owner);
  const values = {
    accessKeyId: read('accessKeyId'),
    secretAccessKey: read('secretAccessKey'),
    sessionToken: read('sessionToken'),
    accountId: read('accountId'),
  };
  if (values.accountId !== undefined && !/^\d{12}$/.test(values.accountId)) {
    throw invalidArgument(`option "${owner}.accountId" must have 12 digits`);
  }
  // The object may come from another source of credentials, and have an `expiration`.
  const expiration = plain ? (keys.expiration ?? undefined) : undefined;
  if (expiration !== undefined && Number.isNaN(new Date(expiration).getTime())) {
    const type = typeName(expiration);
    throw invalidArgument(`option "${owner}.expiration" must be a date, but is ${type}`);
  }
  if (plain && !(values.accessKeyId && values.secretAccessKey)) {
    throw invalidArgument(`option "${owner}" must have an accessKeyId and a secretAccessKey`);
  }
  return values;
}

module.exports = { readSettings };

'use strict';

/** Sources of credentials: providers, clients, and credential objects of aws-sdk v2. */

const { option } = require('../options');

/** @import { CredentialsAnswer } from '../../native/binding' */

/**
 * Reads the provider of credentials in the settings. If the settings contain the keys themselves, there is no provider.
 *
 * @param {Record<string, any>} config
 * @param {string} origin
 * @returns {((replaces?: boolean) => Promise<any>) | undefined} `replaces`: whether DynamoDB has refused the last
 *   credentials of this provider
 */
function readProvider(config, origin) {
  const credentials = option(config, 'credentials', ['object', 'function'], origin);
  if (credentials === undefined || !isProvider(credentials)) return undefined;
  if (typeof credentials === 'function') return () => credentials();
  return (replaces) => fromV2(credentials, replaces);
}

/**
 * Whether a value is a provider of credentials: a function, or `AWS.Credentials` of aws-sdk v2.
 *
 * @param {any} credentials
 */
function isProvider(credentials) {
  return typeof credentials === 'function' || typeof credentials.get === 'function';
}

/**
 * Returns the credentials of a client of aws-sdk v3.
 *
 * @param {any} config the settings of the client
 * @param {boolean} [replaces] whether DynamoDB has refused the credentials that the client has cached
 */
function fromV3(config, replaces) {
  return replaces === true ? config.credentials({ forceRefresh: true }) : config.credentials();
}

/**
 * Returns the credentials of an `AWS.Credentials` or `AWS.Config` of aws-sdk v2, refreshed if necessary.
 *
 * @param {any} source
 * @param {boolean} [replaces] whether DynamoDB has refused the last credentials of this source
 */
function fromV2(source, replaces) {
  const cached = source.get ? source : source.credentials;
  // aws-sdk v2 does the same if DynamoDB answers that the credentials have expired.
  if (replaces === true && cached && typeof cached.needsRefresh === 'function')
    cached.expired = true;
  const get = source.get ? 'get' : 'getCredentials';
  return new Promise((resolve, reject) => {
    source[get]((/** @type {unknown} */ error, /** @type {unknown} */ credentials) =>
      error ? reject(error) : resolve(credentials ?? source),
    );
  });
}

/**
 * Makes the callback by which the addon asks for credentials. Its answer is plain data, also if the provider fails.
 *
 * @param {(replaces?: boolean) => any} provide
 * @returns {(replaces?: boolean) => Promise<CredentialsAnswer>}
 */
function credentialsCallback(provide) {
  return async (replaces) => {
    try {
      const { accessKeyId, secretAccessKey, ...rest } = await read(() => provide(replaces));
      return {
        accessKeyId,
        secretAccessKey,
        sessionToken: rest.sessionToken ?? undefined,
        accountId: rest.accountId ?? undefined,
        expiration: rest.expiration == null ? undefined : new Date(rest.expiration).getTime(),
      };
    } catch (error) {
      return { failure: messageOf(error) };
    }
  };
}

/** The names of sources of credentials. @type {WeakMap<object, string>} */
const names = new WeakMap();

/**
 * Returns a name for a source of credentials. By this name, the addon recognizes stores that have the same source.
 *
 * @param {object} source a client, a provider, or credentials of aws-sdk v2
 */
function sourceName(source) {
  let name = names.get(source);
  if (name === undefined) {
    // Unique in the process, which a counter would not be: this file is loaded in each thread, and may be loaded more
    // than once in a thread.
    name = /** @type {string} */ (require('node:crypto').randomUUID());
    names.set(source, name);
  }
  return name;
}

/** @param {() => any} provide */
async function read(provide) {
  const credentials = await provide();
  for (const name of ['accessKeyId', 'secretAccessKey']) {
    if (typeof credentials?.[name] === 'string') continue;
    throw new TypeError(`the credential provider gave no ${name}`);
  }
  // No spread: some properties of aws-sdk v2's credentials are not enumerable.
  const { accessKeyId, secretAccessKey, sessionToken, accountId } = credentials;
  const expiration = credentials.expiration ?? credentials.expireTime;
  return { accessKeyId, secretAccessKey, sessionToken, accountId, expiration };
}

/** @param {any} error aws-sdk v2 has the cause as `originalError` */
function messageOf(error) {
  const message = error instanceof Error ? error.message : String(error);
  return error?.originalError ? `${message}: ${error.originalError.message}` : message;
}

module.exports = {
  credentialsCallback,
  fromV2,
  fromV3,
  isProvider,
  messageOf,
  readProvider,
  sourceName,
};

'use strict';

/** Credentials that are not plain text in the options: what gives them, and asking for them. */

const { option } = require('../options');

/** @import { CredentialsAnswer } from '../../native/binding' */

/**
 * What gives credentials, where they do not stand in the settings.
 *
 * @param {Record<string, any>} config
 * @param {string} origin
 * @returns {((replaces?: boolean) => Promise<any>) | undefined} `replaces` says whether DynamoDB has refused
 *   what it gave last
 */
function readProvider(config, origin) {
  const credentials = option(config, 'credentials', ['object', 'function'], origin);
  if (credentials === undefined || !isProvider(credentials)) return undefined;
  if (typeof credentials === 'function') return () => credentials();
  return (replaces) => fromV2(credentials, replaces);
}

/**
 * A function is a provider, and so is `AWS.Credentials` of aws-sdk v2.
 *
 * @param {any} credentials
 */
function isProvider(credentials) {
  return typeof credentials === 'function' || typeof credentials.get === 'function';
}

/**
 * The credentials of a client of aws-sdk v3.
 *
 * @param {any} config the client's
 * @param {boolean} [replaces] whether DynamoDB has refused those that the client gave last, and keeps
 */
function fromV3(config, replaces) {
  return replaces === true ? config.credentials({ forceRefresh: true }) : config.credentials();
}

/**
 * The credentials of an `AWS.Credentials` or `AWS.Config` of aws-sdk v2, refreshed where need be.
 *
 * @param {any} source
 * @param {boolean} [replaces] whether DynamoDB has refused those that it gave last
 */
function fromV2(source, replaces) {
  const kept = source.get ? source : source.credentials;
  // As aws-sdk v2 does where DynamoDB says that they have expired.
  if (replaces === true && kept && typeof kept.needsRefresh === 'function') kept.expired = true;
  const get = source.get ? 'get' : 'getCredentials';
  return new Promise((resolve, reject) => {
    source[get]((/** @type {unknown} */ error, /** @type {unknown} */ credentials) =>
      error ? reject(error) : resolve(credentials ?? source),
    );
  });
}

/**
 * Makes of a provider the function that the addon asks: it answers with plain data, whatever
 * happens.
 *
 * @param {(replaces?: boolean) => any} provide
 * @returns {(replaces?: boolean) => Promise<CredentialsAnswer>}
 */
function answering(provide) {
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
      return { failure: reason(error) };
    }
  };
}

/** @type {WeakMap<object, string>} */
const names = new WeakMap();

/**
 * A name for what gives credentials, by which stores are known that have the same.
 *
 * @param {object} source a client, a provider, or credentials of aws-sdk v2
 */
function nameOf(source) {
  let name = names.get(source);
  if (name === undefined) {
    // Unlike any other of the process: each thread has its own objects, and this file may be loaded
    // more than once in a thread.
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
  // Each by name: on the credentials of aws-sdk v2, some are not enumerable.
  const { accessKeyId, secretAccessKey, sessionToken, accountId } = credentials;
  const expiration = credentials.expiration ?? credentials.expireTime;
  return { accessKeyId, secretAccessKey, sessionToken, accountId, expiration };
}

/** @param {any} error aws-sdk v2 keeps what led to one as `originalError` */
function reason(error) {
  const message = error instanceof Error ? error.message : String(error);
  return error?.originalError ? `${message}: ${error.originalError.message}` : message;
}

module.exports = { answering, fromV2, fromV3, isProvider, nameOf, readProvider, reason };

'use strict';

/** Making a client of an AWS SDK for JavaScript, where there is one, from the options of a store. */

const { inspect } = require('node:util');
const { storeError } = require('../errors');
const { nextTick } = require('../timers');
const { isV2 } = require('./adopt');
const { variable } = require('./environment');
const { V2, V3_DOCUMENT, findSdk } = require('./sdk');

/** @import { Connection } from './config' */

/**
 * A client of the first SDK of `sdks` that is installed.
 *
 * @param {Connection} connection
 * @param {string[]} sdks
 * @returns {any} an `AWS.DynamoDB` of v2 or a `DynamoDB` of v3, which is a `DynamoDBClient` too
 */
function makeClient(connection, sdks) {
  if (connection.connection.proxy !== undefined) {
    const { origin } = connection.connection;
    const message = `the store cannot make a client with the option "${origin}.proxy": pass a client whose agent uses the proxy`;
    throw storeError('ERR_SESSION_CLIENT', message);
  }
  for (const name of sdks) {
    const sdk = findSdk(name);
    if (sdk) return withoutDetails(name === V2 ? makeV2(sdk, connection) : makeV3(sdk, connection));
  }
  throw missing('a client', sdks);
}

/**
 * A document client around `client`.
 *
 * @param {any} client
 * @returns {any}
 */
function makeDocumentClient(client) {
  if (isV2(client)) {
    const AWS = findSdk(V2);
    if (!AWS) throw missing('a document client', [V2]);
    return new AWS.DynamoDB.DocumentClient({ service: client });
  }
  const sdk = findSdk(V3_DOCUMENT);
  if (!sdk) throw missing('a document client', [V3_DOCUMENT]);
  return sdk.DynamoDBDocument.from(client);
}

/**
 * @param {string} what
 * @param {string[]} names
 */
function missing(what, names) {
  const message = `the store makes ${what} with ${names.join(' or ')}, but found no such package: install ${names[0]}`;
  return storeError('ERR_SESSION_CLIENT', message);
}

/**
 * Has a client print its name only: both SDKs show keys to whoever looks closely.
 *
 * @param {any} client
 */
function withoutDetails(client) {
  const { name } = client.constructor;
  return Object.defineProperty(client, inspect.custom, { value: () => `${name || 'DynamoDB'} {}` });
}

/**
 * @param {any} sdk
 * @param {Connection} connection
 */
function makeV3(sdk, { connection, config, provide }) {
  const { endpoint, accessKeyId, secretAccessKey, sessionToken } = connection;
  const { requestTimeout, connectTimeout } = connection;
  const timeouts = { requestTimeout, connectionTimeout: connectTimeout };
  // A function: the SDK keeps an object where whoever looks at the client sees it.
  const keys = accessKeyId && (async () => ({ accessKeyId, secretAccessKey, sessionToken }));
  const { accessKeyId: _id, secretAccessKey: _secret, sessionToken: _token, ...others } = config;
  const given = {
    ...others,
    endpoint: endpoint ?? config.endpoint,
    region: connection.region ?? config.region ?? regionBy(endpoint),
    credentials: provide ?? keys,
    maxAttempts: connection.maxAttempts ?? config.maxAttempts,
    requestHandler:
      config.requestHandler ?? (requestTimeout || connectTimeout ? timeouts : undefined),
  };
  return new sdk.DynamoDB(withoutUndefined(given));
}

/**
 * @param {any} AWS
 * @param {Connection} connection
 */
function makeV2(AWS, { connection, config, provide }) {
  const { endpoint, maxAttempts, requestTimeout, connectTimeout } = connection;
  const { accessKeyId, secretAccessKey, sessionToken } = connection;
  const timeouts = withoutUndefined({ timeout: requestTimeout, connectTimeout });
  const credentials =
    provide && typeof config.credentials === 'function'
      ? providing(AWS, provide)
      : config.credentials;
  return new AWS.DynamoDB(
    withoutUndefined({
      ...config,
      endpoint,
      region: connection.region ?? regionBy(endpoint),
      credentials: accessKeyId
        ? new AWS.Credentials({ accessKeyId, secretAccessKey, sessionToken })
        : credentials,
      maxRetries: maxAttempts === undefined ? undefined : maxAttempts - 1,
      httpOptions: { ...config.httpOptions, ...timeouts },
    }),
  );
}

/**
 * A DynamoDB of one's own has no region, and neither SDK does without.
 *
 * @param {string | undefined} endpoint
 */
function regionBy(endpoint) {
  const named = variable('AWS_REGION') ?? variable('AWS_DEFAULT_REGION');
  return named ?? (endpoint ? 'us-east-1' : undefined);
}

/**
 * Credentials of v2 that a provider of v3 gives.
 *
 * @param {any} AWS
 * @param {() => Promise<any>} provide
 */
function providing(AWS, provide) {
  const credentials = new AWS.Credentials({ accessKeyId: '', secretAccessKey: '' });
  credentials.expired = true;
  credentials.refresh = async (/** @type {(error?: unknown) => void} */ callback) => {
    let failure;
    try {
      const { accessKeyId, secretAccessKey, sessionToken, expiration } = await provide();
      const expireTime = expiration && new Date(expiration);
      Object.assign(credentials, { accessKeyId, secretAccessKey, sessionToken, expireTime });
      credentials.expired = false;
    } catch (error) {
      failure = error;
    }
    nextTick(callback, failure);
  };
  return credentials;
}

/** @param {Record<string, any>} object */
function withoutUndefined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

module.exports = { makeClient, makeDocumentClient };

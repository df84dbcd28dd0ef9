'use strict';

/** Makes a client of an installed AWS SDK for JavaScript from the options of a store. */

const { inspect } = require('node:util');
const { storeError } = require('../errors');
const { nextTick } = require('../timers');
const { isV2 } = require('./adopt');
const { variable } = require('./environment');
const { V2, V3_DOCUMENT, findSdk } = require('./sdk');

/** @import { Connection } from './config' */

/**
 * Makes a client of the first SDK of `sdks` that is installed.
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
    if (sdk)
      return withHiddenDetails(name === V2 ? makeV2(sdk, connection) : makeV3(sdk, connection));
  }
  throw missing('a client', sdks);
}

/**
 * Makes a document client around `client`.
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
 * @param {string} product `a client` or `a document client`
 * @param {string[]} names the packages, of which one must be installed
 */
function missing(product, names) {
  const message = `the store makes ${product} with ${names.join(' or ')}, but found no such package: install ${names[0]}`;
  return storeError('ERR_SESSION_CLIENT', message);
}

/**
 * Makes `inspect` show only the name of a client, because the clients of both SDKs contain credentials.
 *
 * @param {any} client
 */
function withHiddenDetails(client) {
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
  // A function, because the SDK would keep an object in a visible property of the client.
  const keys = accessKeyId && (async () => ({ accessKeyId, secretAccessKey, sessionToken }));
  const { accessKeyId: _id, secretAccessKey: _secret, sessionToken: _token, ...others } = config;
  const settings = {
    ...others,
    endpoint: endpoint ?? config.endpoint,
    region: connection.region ?? config.region ?? defaultRegion(endpoint),
    credentials: provide ?? keys,
    maxAttempts: connection.maxAttempts ?? config.maxAttempts,
    requestHandler:
      config.requestHandler ?? (requestTimeout || connectTimeout ? timeouts : undefined),
  };
  return new sdk.DynamoDB(withoutUndefined(settings));
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
      ? credentialsByProvider(AWS, provide)
      : config.credentials;
  return new AWS.DynamoDB(
    withoutUndefined({
      ...config,
      endpoint,
      region: connection.region ?? defaultRegion(endpoint),
      credentials: accessKeyId
        ? new AWS.Credentials({ accessKeyId, secretAccessKey, sessionToken })
        : credentials,
      maxRetries: maxAttempts === undefined ? undefined : maxAttempts - 1,
      httpOptions: { ...config.httpOptions, ...timeouts },
    }),
  );
}

/**
 * Returns the region if none is set. With an endpoint, such as that of DynamoDB Local, any region will do, but both
 * SDKs require one.
 *
 * @param {string | undefined} endpoint
 */
function defaultRegion(endpoint) {
  const named = variable('AWS_REGION') ?? variable('AWS_DEFAULT_REGION');
  return named ?? (endpoint ? 'us-east-1' : undefined);
}

/**
 * Makes credentials of v2 from a provider of v3.
 *
 * @param {any} AWS
 * @param {() => Promise<any>} provide
 */
function credentialsByProvider(AWS, provide) {
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

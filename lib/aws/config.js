'use strict';

/**
 * Reads the connection to DynamoDB from the options of a store: from a client of an AWS SDK for JavaScript, from
 * `dynamoConfig`, or from the options of connect-dynamodb 2.x. None of them needs to be set.
 */

const { readFileSync } = require('node:fs');
const { isDeepStrictEqual } = require('node:util');
const { invalidArgument } = require('../errors');
const { option, readCount, readTime, warnOfUnknown } = require('../options');
const {
  credentialsCallback,
  fromV2,
  fromV3,
  messageOf,
  readProvider,
  sourceName,
} = require('./credentials');
const { readEndpoint } = require('./endpoint');
const { ALL_SETTINGS, FUNCTION_SETTINGS, HTTP_SETTINGS, neededSdk } = require('./setting-names');
const { V2, V3, loadedV2 } = require('./sdk');
const { readSettings } = require('./settings');

/** Loaded only with a client, because it takes as long to load as the rest of the package. */
const adopt = () => require('./adopt');

/** @import { Callbacks, ConnectionAnswer, ConnectionOptions } from '../../native/binding' */

/**
 * @typedef {'native' | 'client'} Transport
 *
 * The connection to DynamoDB by the options of a store.
 *
 * @typedef {object} Connection
 * @property {ConnectionOptions} connection
 * @property {Callbacks} callbacks
 * @property {any} [client] the user's client
 * @property {Transport} [transport] the option `transport`
 * @property {number} [maxSockets] the store's option `maxSockets`
 * @property {number} [credentialsTimeout] the milliseconds that the source of credentials may take
 * @property {boolean} [breaker] whether calls fail at once during an outage
 * @property {{ name: string, sdk: string }} [needsSdk] an option that only a client can follow, and the SDK of this
 *   client; an empty `sdk` means either SDK
 * @property {Record<string, any>} config the other settings for a client that the store makes
 * @property {() => Promise<any>} [provide] the provider of credentials
 * @property {string[]} sdks the SDKs to make a client with, the preferred first
 */

/**
 * Reads the connection by the options of a store.
 *
 * As in connect-dynamodb 2.x, the first of these options that is set decides: `client`, `AWSConfigPath`,
 * `AWSConfigJSON`, `AWSRegion`. If the program has loaded aws-sdk v2, changes of its `AWS.config` are the defaults.
 *
 * @param {Record<string, any>} options
 * @param {number} operationTimeout milliseconds
 * @param {string[]} [sdks] the SDKs to make a client with, the preferred first
 * @returns {Connection}
 */
function readConnection(options, operationTimeout, sdks = [V3, V2]) {
  const client = option(options, 'client', 'object');
  const config = option(options, 'dynamoConfig', 'object');
  const path = option(options, 'AWSConfigPath', 'string');
  const json = option(options, 'AWSConfigJSON', 'object');
  const region = option(options, 'AWSRegion', 'string');
  if (config) {
    for (const name of ['client', 'AWSConfigPath', 'AWSConfigJSON', 'AWSRegion']) {
      if (options[name] === undefined || options[name] === null) continue;
      throw invalidArgument(
        `option "${name}" cannot be used together with "dynamoConfig": remove one of them`,
      );
    }
  }
  const read = () => {
    if (config) return readConfig(config, 'dynamoConfig', v2Globals());
    if (client) return readClient(client);
    if (path !== undefined) return readConfig(readConfigFile(path), 'AWSConfigPath', v2Globals());
    if (json) return readConfig(json, 'AWSConfigJSON', v2Globals());
    if (region === '') throw invalidArgument('option "AWSRegion" must not be empty');
    return readConfig(region === undefined ? {} : { region }, 'AWSRegion', v2Globals());
  };
  const hasV2Options = path !== undefined || json || region !== undefined;
  return {
    ...read(),
    sdks: hasV2Options ? [V2, V3] : sdks,
    ...readConnectionOptions(options, operationTimeout),
  };
}

/**
 * Reads the options of a connection that do not depend on the source of its settings.
 *
 * @param {Record<string, any>} options
 * @param {number} operationTimeout milliseconds
 */
function readConnectionOptions(options, operationTimeout) {
  return {
    transport: readTransport(options),
    maxSockets: readCount(options, 'maxSockets', 'connections'),
    breaker: option(options, 'breaker', 'boolean'),
    // By default, a call that waits for credentials fails a little before its deadline, so that its error names the
    // missing credentials.
    credentialsTimeout:
      readTime(options, 'credentialsTimeout', 1) ?? Math.max(1, Math.floor(operationTimeout * 0.9)),
  };
}

/**
 * @param {Record<string, any>} options
 * @returns {Transport | undefined}
 */
function readTransport(options) {
  const transport = option(options, 'transport', 'string');
  if (transport === undefined || transport === 'native' || transport === 'client') return transport;
  throw invalidArgument('option "transport" must be "native" or "client"');
}

/**
 * Returns the settings that the program has changed in `AWS.config` of aws-sdk v2.
 *
 * @returns {Record<string, any>}
 */
function v2Globals() {
  const AWS = loadedV2();
  if (typeof AWS?.Config !== 'function') return {};
  const pristine = new AWS.Config();
  const changed = Object.entries(AWS.config).filter(
    ([name, value]) => value && !isDeepStrictEqual(value, pristine[name]),
  );
  return Object.fromEntries(changed);
}

/**
 * @param {string} path relative to the working directory, as with `AWS.config.loadFromPath`
 * @returns {Record<string, any>}
 */
function readConfigFile(path) {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    throw invalidArgument(
      `the file that the option "AWSConfigPath" names cannot be read (${code})`,
    );
  }
  let config;
  try {
    config = JSON.parse(text);
  } catch {
    // Without the parser's message, which quotes the file: the file contains a secret.
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw invalidArgument(
      'the file that the option "AWSConfigPath" names must contain a JSON object',
    );
  }
  return config;
}

/**
 * Reads the settings in a plain object, with the names of aws-sdk v2, of v3 or of this package.
 *
 * @param {Record<string, any>} own
 * @param {string} origin the option that holds the object
 * @param {Record<string, any>} [defaults]
 * @returns {Omit<Connection, 'sdks'>}
 */
function readConfig(own, origin, defaults = {}) {
  warnOfUnknown(own, ALL_SETTINGS, origin);
  const config = { ...defaults, ...own };
  const needsSdk = neededSdk(config, origin);
  const http = option(config, 'httpOptions', 'object', origin) ?? {};
  if (!needsSdk) warnOfUnknown(http, HTTP_SETTINGS, `${origin}.httpOptions`);
  const handler = needsSdk ? {} : (option(config, 'requestHandler', 'object', origin) ?? {});
  const functions = FUNCTION_SETTINGS.filter((name) => typeof config[name] === 'function');
  const unset = Object.fromEntries(functions.map((name) => [name, undefined]));
  const connection = readSettings({ ...config, ...unset }, http, handler, origin);
  const provide = readProvider(config, origin);
  /** @type {Callbacks} */
  const callbacks = { credentials: provide && credentialsCallback(provide) };
  if (functions.length > 0) {
    callbacks.connection = connectionCallback(async () => {
      const values = await Promise.all(functions.map(async (name) => [name, await config[name]()]));
      return readSettings({ ...config, ...Object.fromEntries(values) }, http, handler, origin);
    });
  }
  if (provide) connection.credentialsFrom = sourceName(config.credentials);
  return { connection, callbacks, needsSdk, config, provide };
}

/**
 * Reads the option `client`: a client of aws-sdk v3 or v2, or an object with the same methods. The client's settings
 * are read by the first request that needs them, because in v3 each setting is a promise.
 *
 * @param {any} given the value of the option
 * @returns {Omit<Connection, 'sdks'>}
 */
function readClient(given) {
  const service = adopt().otherService(given);
  if (service !== undefined) {
    const takes = 'must be a DynamoDBClient (aws-sdk v3) or an AWS.DynamoDB (aws-sdk v2)';
    throw invalidArgument(`option "client" ${takes}, but is a client of ${service}`);
  }
  const client = adopt().usableClient(given);
  if (!client) {
    throw invalidArgument(
      'option "client" must be a DynamoDBClient (aws-sdk v3) or an AWS.DynamoDB (aws-sdk v2)',
    );
  }
  const { config } = client;
  const from = adopt().isV3(client) ? fromV3 : fromV2;
  const provide = (/** @type {boolean | undefined} */ replaces) => from(config, replaces);
  return {
    connection: { origin: 'client', credentialsFrom: sourceName(client) },
    callbacks: {
      connection: connectionCallback(() =>
        adopt().settingsOf(client, (url) => readEndpoint(url, 'client')),
      ),
      credentials: credentialsCallback(provide),
    },
    client,
    config: {},
  };
}

/**
 * Makes the callback by which the addon asks for settings. Its answer is plain data, also if `read` fails.
 *
 * @param {() => Promise<ConnectionOptions>} read
 * @returns {() => Promise<ConnectionAnswer>}
 */
function connectionCallback(read) {
  return async () => {
    try {
      return { connection: await read() };
    } catch (error) {
      return { throughClient: error instanceof adopt().NotAdoptable, failure: messageOf(error) };
    }
  };
}

/**
 * Reads the connection of a Shopify storage: its option `config` has the settings of a `DynamoDBClient`.
 *
 * @param {Record<string, any>} options
 * @param {number} operationTimeout milliseconds
 * @returns {Connection}
 */
function readClientConfig(options, operationTimeout) {
  const client = option(options, 'client', 'object');
  const config = option(options, 'config', 'object');
  if (client && config) {
    throw invalidArgument(
      'option "config" cannot be used together with "client": remove one of them',
    );
  }
  const read = client ? readClient(client) : readConfig(config ?? {}, 'config');
  return { ...read, sdks: [V3, V2], ...readConnectionOptions(options, operationTimeout) };
}

module.exports = { readClientConfig, readConnection };

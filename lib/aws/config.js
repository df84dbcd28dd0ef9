'use strict';

/**
 * How to reach DynamoDB, read from whatever the user has: a client of either AWS SDK for
 * JavaScript, `dynamoConfig`, the options of connect-dynamodb 2.x, or nothing.
 */

const { readFileSync } = require('node:fs');
const { isDeepStrictEqual } = require('node:util');
const { invalidArgument } = require('../errors');
const { option, readCount, readTime, warnOfUnknown } = require('../options');
const { answering, fromV2, fromV3, nameOf, readProvider, reason } = require('./credentials');
const { readEndpoint } = require('./endpoint');
const { KNOWN_ANYWHERE, KNOWN_HTTP, PROVIDABLE, needed } = require('./setting-names');
const { V2, V3, loadedV2 } = require('./sdk');
const { readSettings } = require('./settings');

/** Loaded where there is a client to look at: with what it needs, it takes as long as all the rest. */
const adopt = () => require('./adopt');

/** @import { Callbacks, ConnectionAnswer, ConnectionOptions } from '../../native/binding' */

/**
 * @typedef {'native' | 'client'} Transport
 *
 * What the options of a store say of the way to DynamoDB.
 *
 * @typedef {object} Connection
 * @property {ConnectionOptions} connection
 * @property {Callbacks} callbacks
 * @property {any} [client] the one that was passed
 * @property {Transport} [transport] the one that was asked for
 * @property {number} [maxSockets] how many connections there may be, where the store was told so
 * @property {number} [credentialsTimeout] milliseconds that the source of credentials may take
 * @property {boolean} [breaker] whether calls fail at once during an outage
 * @property {{ name: string, sdk: string }} [needsSdk] an option that only a client of that SDK
 *   can follow
 * @property {Record<string, any>} config what else a client is made with
 * @property {() => Promise<any>} [provide] credentials
 * @property {string[]} sdks those that a client can be made with, the best first
 */

/**
 * The connection that the options of a store ask for.
 *
 * A client comes before connect-dynamodb 2.x's `AWSConfigPath`, that before `AWSConfigJSON`, that
 * before `AWSRegion`, as in 2.x. What `AWS.config` of aws-sdk v2 was given is the default, where the
 * program has loaded that.
 *
 * @param {Record<string, any>} options
 * @param {number} operationTimeout milliseconds
 * @param {string[]} [sdks] those that a client can be made with, the best first
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
  const found = () => {
    if (config) return readConfig(config, 'dynamoConfig', v2Globals());
    if (client) return readClient(client);
    if (path !== undefined) return readConfig(readConfigFile(path), 'AWSConfigPath', v2Globals());
    if (json) return readConfig(json, 'AWSConfigJSON', v2Globals());
    if (region === '') throw invalidArgument('option "AWSRegion" must not be empty');
    return readConfig(region === undefined ? {} : { region }, 'AWSRegion', v2Globals());
  };
  const ofV2 = path !== undefined || json || region !== undefined;
  return {
    ...found(),
    sdks: ofV2 ? [V2, V3] : sdks,
    ...readForAllWays(options, operationTimeout),
  };
}

/**
 * What a store may say of its way to DynamoDB whichever that is.
 *
 * @param {Record<string, any>} options
 * @param {number} operationTimeout milliseconds
 */
function readForAllWays(options, operationTimeout) {
  return {
    transport: readTransport(options),
    maxSockets: readCount(options, 'maxSockets', 'connections'),
    breaker: option(options, 'breaker', 'boolean'),
    // By default, a call that waits for credentials fails a little before its deadline, so that its error
    // says what was missing.
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
 * What the program has changed in `AWS.config`.
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
    // Without the parser's words: they quote the file, and that has a secret in it.
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw invalidArgument(
      'the file that the option "AWSConfigPath" names must contain a JSON object',
    );
  }
  return config;
}

/**
 * Settings as a plain object, with the names of aws-sdk v2, v3 or our own.
 *
 * @param {Record<string, any>} own
 * @param {string} origin the option that holds them
 * @param {Record<string, any>} [defaults]
 * @returns {Omit<Connection, 'sdks'>}
 */
function readConfig(own, origin, defaults = {}) {
  warnOfUnknown(own, KNOWN_ANYWHERE, origin);
  const config = { ...defaults, ...own };
  const needsSdk = needed(config, origin);
  const http = option(config, 'httpOptions', 'object', origin) ?? {};
  if (!needsSdk) warnOfUnknown(http, KNOWN_HTTP, `${origin}.httpOptions`);
  const handler = needsSdk ? {} : (option(config, 'requestHandler', 'object', origin) ?? {});
  const later = PROVIDABLE.filter((name) => typeof config[name] === 'function');
  const now = Object.fromEntries(later.map((name) => [name, undefined]));
  const connection = readSettings({ ...config, ...now }, http, handler, origin);
  const provide = readProvider(config, origin);
  /** @type {Callbacks} */
  const callbacks = { credentials: provide && answering(provide) };
  if (later.length > 0) {
    callbacks.connection = answeringConnection(async () => {
      const given = await Promise.all(later.map(async (name) => [name, await config[name]()]));
      return readSettings({ ...config, ...Object.fromEntries(given) }, http, handler, origin);
    });
  }
  if (provide) connection.credentialsFrom = nameOf(config.credentials);
  return { connection, callbacks, needsSdk, config, provide };
}

/**
 * A client of aws-sdk v3 or v2, or what looks like one. Its settings are read when the first
 * request needs them: in v3 each is a promise.
 *
 * @param {any} given
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
    connection: { origin: 'client', credentialsFrom: nameOf(client) },
    callbacks: {
      connection: answeringConnection(() =>
        adopt().settingsOf(client, (url) => readEndpoint(url, 'client')),
      ),
      credentials: answering(provide),
    },
    client,
    config: {},
  };
}

/**
 * @param {() => Promise<ConnectionOptions>} read
 * @returns {() => Promise<ConnectionAnswer>}
 */
function answeringConnection(read) {
  return async () => {
    try {
      return { connection: await read() };
    } catch (error) {
      return { throughClient: error instanceof adopt().NotAdoptable, failure: reason(error) };
    }
  };
}

/**
 * The connection of a storage that takes what a `DynamoDBClient` takes, as `config`.
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
  const found = client ? readClient(client) : readConfig(config ?? {}, 'config');
  return { ...found, sdks: [V3, V2], ...readForAllWays(options, operationTimeout) };
}

module.exports = { readClientConfig, readConnection };

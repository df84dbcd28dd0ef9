'use strict';

/**
 * How to reach DynamoDB, read from whatever the user has: a client of either AWS SDK for
 * JavaScript, `dynamoConfig`, the options of connect-dynamodb 2.x, or nothing.
 */

const { readFileSync } = require('node:fs');
const { invalidArgument } = require('./errors');
const { option, typeName, warnOfUnknown } = require('./options');

/** @import { Callbacks, ConnectionAnswer, ConnectionOptions, CredentialsAnswer } from '../native/binding' */

/**
 * @typedef {object} Connection
 * @property {ConnectionOptions} connection
 * @property {Callbacks} callbacks
 */

const KNOWN = new Set([
  'accessKeyId',
  'connectTimeout',
  'credentials',
  'endpoint',
  'httpOptions',
  'maxAttempts',
  'maxRetries',
  'profile',
  'region',
  'requestTimeout',
  'secretAccessKey',
  'sessionToken',
  'useDualstackEndpoint',
  'useFipsEndpoint',
]);

const KNOWN_HTTP = new Set(['connectTimeout', 'timeout']);

/**
 * The connection that the options of a store ask for.
 *
 * A client comes before connect-dynamodb 2.x's `AWSConfigPath`, that before `AWSConfigJSON`, that
 * before `AWSRegion`, as in 2.x.
 *
 * @param {Record<string, any>} options
 * @returns {Connection}
 */
function readConnection(options) {
  const client = option(options, 'client', 'object');
  const config = option(options, 'dynamoConfig', 'object');
  const path = option(options, 'AWSConfigPath', 'string');
  const json = option(options, 'AWSConfigJSON', 'object');
  const region = option(options, 'AWSRegion', 'string');
  if (config) {
    for (const name of ['client', 'AWSConfigPath', 'AWSConfigJSON', 'AWSRegion']) {
      if (options[name] === undefined || options[name] === null) continue;
      throw invalidArgument(`option "${name}" cannot be used together with "dynamoConfig"`);
    }
    return readConfig(config, 'dynamoConfig');
  }
  if (client) return readClient(client);
  if (path !== undefined) return readConfig(readConfigFile(path), 'AWSConfigPath');
  if (json) return readConfig(json, 'AWSConfigJSON');
  if (region === '') throw invalidArgument('option "AWSRegion" must not be empty');
  return { connection: { origin: 'AWSRegion', region }, callbacks: {} };
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
    throw invalidArgument(`option "AWSConfigPath" names a file that cannot be read (${code})`);
  }
  let config;
  try {
    config = JSON.parse(text);
  } catch {
    // Without the parser's words: they quote the file, and that has a secret in it.
  }
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw invalidArgument('option "AWSConfigPath" names a file that does not hold a JSON object');
  }
  return config;
}

/**
 * Settings as a plain object, with the names of aws-sdk v2, v3 or our own.
 *
 * @param {Record<string, any>} config
 * @param {string} origin the option that holds them
 * @returns {Connection}
 */
function readConfig(config, origin) {
  warnOfUnknown(config, KNOWN, origin);
  const http = option(config, 'httpOptions', 'object', origin) ?? {};
  warnOfUnknown(http, KNOWN_HTTP, `${origin}.httpOptions`);
  /** @type {(name: string, kind: import('./options').Kind) => any} */
  const read = (name, kind) => option(config, name, kind, origin);
  return {
    connection: {
      origin,
      region: read('region', 'string'),
      endpoint: readEndpoint(config.endpoint, origin),
      profile: read('profile', 'string'),
      maxAttempts: read('maxAttempts', 'number') ?? readMaxRetries(config, origin),
      requestTimeout:
        read('requestTimeout', 'number') ??
        option(http, 'timeout', 'number', `${origin}.httpOptions`),
      connectTimeout:
        read('connectTimeout', 'number') ??
        option(http, 'connectTimeout', 'number', `${origin}.httpOptions`),
      useDualstackEndpoint: read('useDualstackEndpoint', 'boolean'),
      useFipsEndpoint: read('useFipsEndpoint', 'boolean'),
      ...readKeys(config, origin),
    },
    callbacks: readCredentials(config, origin),
  };
}

/**
 * aws-sdk v2 counts the attempts after the first.
 *
 * @param {Record<string, any>} config
 * @param {string} origin
 */
function readMaxRetries(config, origin) {
  const retries = option(config, 'maxRetries', 'number', origin);
  if (retries === undefined) return undefined;
  if (Number.isInteger(retries) && retries >= 0) return retries + 1;
  throw invalidArgument(`option "${origin}.maxRetries" must be a whole number, at least 0`);
}

/**
 * Keys that stand in the options, beside the other settings or as a plain `credentials` object.
 *
 * @param {Record<string, any>} config
 * @param {string} origin
 */
function readKeys(config, origin) {
  const credentials = option(config, 'credentials', ['object', 'function'], origin);
  const plain = credentials !== undefined && !isProvider(credentials);
  const [keys, owner] = plain ? [credentials, `${origin}.credentials`] : [config, origin];
  const read = (/** @type {string} */ name) => option(keys, name, 'string', owner);
  const found = {
    accessKeyId: read('accessKeyId'),
    secretAccessKey: read('secretAccessKey'),
    sessionToken: read('sessionToken'),
  };
  if (plain && !(found.accessKeyId && found.secretAccessKey)) {
    throw invalidArgument(`option "${owner}" must have an accessKeyId and a secretAccessKey`);
  }
  return found;
}

/**
 * @param {Record<string, any>} config
 * @param {string} origin
 * @returns {Callbacks}
 */
function readCredentials(config, origin) {
  const credentials = option(config, 'credentials', ['object', 'function'], origin);
  if (credentials === undefined || !isProvider(credentials)) return {};
  if (typeof credentials === 'function') return { credentials: answering(credentials) };
  return { credentials: answering(() => fromV2(credentials)) };
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
 * The credentials of an `AWS.Credentials` or `AWS.Config` of aws-sdk v2, refreshed where need be.
 *
 * @param {any} source
 */
function fromV2(source) {
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
 * @param {() => any} provide
 * @returns {() => Promise<CredentialsAnswer>}
 */
function answering(provide) {
  return async () => {
    try {
      const { accessKeyId, secretAccessKey, sessionToken, ...rest } = await read(provide);
      const expiration = rest.expiration ?? rest.expireTime;
      return {
        accessKeyId,
        secretAccessKey,
        sessionToken: sessionToken ?? undefined,
        expiration: expiration == null ? undefined : new Date(expiration).getTime(),
      };
    } catch (error) {
      return { failure: reason(error) };
    }
  };
}

/** @param {() => any} provide */
async function read(provide) {
  const credentials = await provide();
  for (const name of ['accessKeyId', 'secretAccessKey']) {
    if (typeof credentials?.[name] === 'string') continue;
    throw new TypeError(`the credential provider gave no ${name}`);
  }
  // Each by name: on the credentials of aws-sdk v2, some are not enumerable.
  const { accessKeyId, secretAccessKey, sessionToken, expiration, expireTime } = credentials;
  return { accessKeyId, secretAccessKey, sessionToken, expiration, expireTime };
}

/** @param {unknown} error */
function reason(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * @param {any} endpoint a URL as text or object, an `AWS.Endpoint`, or an endpoint of aws-sdk v3
 * @param {string} origin
 * @returns {string | undefined}
 */
function readEndpoint(endpoint, origin) {
  if (endpoint === undefined || endpoint === null) return undefined;
  if (typeof endpoint === 'string') return endpoint;
  if (typeof endpoint.href === 'string') return endpoint.href;
  if (typeof endpoint.hostname === 'string') {
    const { protocol = 'https:', hostname, port, path = '/' } = endpoint;
    return `${protocol}//${hostname}${port ? `:${port}` : ''}${path}`;
  }
  const kind = typeName(endpoint);
  throw invalidArgument(`option "${origin}.endpoint" must be a URL, but is ${kind}`);
}

/**
 * The region, endpoint and credentials of a `DynamoDBClient` of aws-sdk v3 or an `AWS.DynamoDB` of
 * v2, read when the first request needs them: in v3 each is a promise.
 *
 * @param {any} client
 * @returns {Connection}
 */
function readClient(client) {
  const v3 = typeof client.send === 'function';
  const v2 = typeof client.getItem === 'function';
  if (typeof client.config !== 'object' || client.config === null || !(v2 || v3)) {
    throw invalidArgument(
      'option "client" must be a DynamoDBClient (aws-sdk v3) or an AWS.DynamoDB (aws-sdk v2)',
    );
  }
  const connection = v3 ? readV3(client) : readV2(client);
  return {
    connection: { origin: 'client' },
    callbacks: {
      connection: async () => {
        try {
          return /** @type {ConnectionAnswer} */ ({ connection: await connection() });
        } catch (error) {
          return { failure: reason(error) };
        }
      },
      credentials: answering(v3 ? client.config.credentials : () => fromV2(client.config)),
    },
  };
}

/**
 * @param {any} client
 * @returns {() => Promise<ConnectionOptions>}
 */
function readV3({ config }) {
  return async () => ({
    origin: 'client',
    region: await config.region(),
    endpoint: readEndpoint(await config.endpoint?.(), 'client'),
    useDualstackEndpoint: await config.useDualstackEndpoint?.(),
    useFipsEndpoint: await config.useFipsEndpoint?.(),
  });
}

/**
 * @param {any} client
 * @returns {() => Promise<ConnectionOptions>}
 */
function readV2({ config, endpoint }) {
  return async () => ({
    origin: 'client',
    region: config.region,
    endpoint: readEndpoint(endpoint, 'client'),
  });
}

/**
 * The connection of a storage that takes what a `DynamoDBClient` takes, as `config`.
 *
 * @param {Record<string, any>} options
 * @returns {Connection}
 */
function readClientConfig(options) {
  const client = option(options, 'client', 'object');
  const config = option(options, 'config', 'object');
  if (client && config) {
    throw invalidArgument('option "config" cannot be used together with "client"');
  }
  return client ? readClient(client) : readConfig(config ?? {}, 'config');
}

module.exports = { readClientConfig, readConnection };

'use strict';

/**
 * How to reach DynamoDB, read from whatever the user has: a client of either AWS SDK for
 * JavaScript, `dynamoConfig`, the options of connect-dynamodb 2.x, or nothing.
 */

const { readFileSync } = require('node:fs');
const { isDeepStrictEqual } = require('node:util');
const { invalidArgument } = require('../errors');
const { option, typeName, warnOfUnknown } = require('../options');
const { V2, V3, loadedV2, userAgent } = require('./sdk');

/** Loaded where there is a client to look at: with what it needs, it takes as long as all the rest. */
const adopt = () => require('./adopt');

/** @import { Callbacks, ConnectionAnswer, ConnectionOptions, CredentialsAnswer } from '../../native/binding' */

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
 * @property {{ name: string, sdk: string }} [needsSdk] an option that only a client of that SDK
 *   can follow
 * @property {Record<string, any>} config what else a client is made with
 * @property {() => Promise<any>} [provide] credentials
 * @property {string[]} sdks those that a client can be made with, the best first
 */

/** What a `dynamoConfig` can have that is the same for every SDK, or that we follow ourselves. */
const KNOWN = new Set([
  'accountIdEndpointMode',
  'customUserAgent',
  'retryMode',
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

/** Settings that v3 takes as functions too, which give the setting or a promise of it. */
const PROVIDABLE = [
  'accountIdEndpointMode',
  'endpoint',
  'maxAttempts',
  'region',
  'retryMode',
  'useDualstackEndpoint',
  'useFipsEndpoint',
];

/** Settings of how v2 does its own work: without it, there is nothing to set. */
const OF_NO_EFFECT = new Set([
  'apiVersion',
  'apiVersions',
  'computeChecksums',
  'convertResponseTypes',
  'dynamoDbCrc32',
  'hostPrefixEnabled',
  'paramValidation',
  'signatureCache',
]);

/** Settings that only a client of v3 can follow. */
const V3_ONLY = [
  'authSchemePreference',
  'cacheMiddleware',
  'credentialDefaultProvider',
  'defaultsMode',
  'defaultUserAgentProvider',
  'disableClockSkewCorrection',
  'disableHostPrefix',
  'endpointProvider',
  'extensions',
  'httpAuthSchemeProvider',
  'httpAuthSchemes',
  'requestHandler',
  'retryStrategy',
  'sha256',
  'signer',
  'signerConstructor',
  'signingRegion',
  'tls',
  'urlParser',
  'useGlobalEndpoint',
  'userAgentAppId',
];

/** Settings that only a client of v2 can follow. */
const V2_ONLY = [
  'clientSideMonitoring',
  'correctClockSkew',
  'credentialProvider',
  'endpointCacheSize',
  'maxRedirects',
  'params',
  'retryDelayOptions',
  'signatureVersion',
  'sslEnabled',
];

/** Settings that only a client can follow, of either SDK. */
const CLIENT_ONLY = ['endpointDiscoveryEnabled', 'logger', 'systemClockOffset'];

const KNOWN_ANYWHERE = new Set([...KNOWN, ...OF_NO_EFFECT, ...V3_ONLY, ...V2_ONLY, ...CLIENT_ONLY]);

/** The settings of `requestHandler` that we follow ourselves. */
const HANDLER = new Set(['connectionTimeout', 'requestTimeout']);

/**
 * The connection that the options of a store ask for.
 *
 * A client comes before connect-dynamodb 2.x's `AWSConfigPath`, that before `AWSConfigJSON`, that
 * before `AWSRegion`, as in 2.x. What `AWS.config` of aws-sdk v2 was given is the default, where the
 * program has loaded that.
 *
 * @param {Record<string, any>} options
 * @param {string[]} [sdks] those that a client can be made with, the best first
 * @returns {Connection}
 */
function readConnection(options, sdks = [V3, V2]) {
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
  return { ...found(), sdks: ofV2 ? [V2, V3] : sdks, transport: readTransport(options) };
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
  return { connection, callbacks, needsSdk, config, provide };
}

/**
 * The first setting that only a client can follow, and the SDK of that client.
 *
 * @param {Record<string, any>} config
 * @param {string} origin
 */
function needed(config, origin) {
  const set = (/** @type {string} */ name) => config[name] !== undefined && config[name] !== null;
  const { agent, proxy } = config.httpOptions ?? {};
  const v2 = V2_ONLY.find(set) ?? (agent || proxy ? 'httpOptions' : undefined);
  if (v2) return { name: `${origin}.${v2}`, sdk: V2 };
  const v3 = V3_ONLY.find((name) => set(name) && !isPlainHandler(name, config));
  if (v3) return { name: `${origin}.${v3}`, sdk: V3 };
  const either = CLIENT_ONLY.find(set);
  return either ? { name: `${origin}.${either}`, sdk: '' } : undefined;
}

/**
 * Whether it is a `requestHandler` that has no more than timeouts.
 *
 * @param {string} name
 * @param {Record<string, any>} config
 */
function isPlainHandler(name, { requestHandler }) {
  if (name !== 'requestHandler' || typeof requestHandler !== 'object') return false;
  return (
    typeof requestHandler.handle !== 'function' &&
    Object.keys(requestHandler).every((key) => HANDLER.has(key))
  );
}

/**
 * @param {Record<string, any>} config
 * @param {Record<string, any>} http
 * @param {Record<string, any>} handler
 * @param {string} origin
 * @returns {ConnectionOptions}
 */
function readSettings(config, http, handler, origin) {
  /** @type {(name: string, kind: import('../options').Kind | import('../options').Kind[]) => any} */
  const read = (name, kind) => option(config, name, kind, origin);
  const readHttp = (/** @type {string} */ name) =>
    option(http, name, 'number', `${origin}.httpOptions`);
  const readHandler = (/** @type {string} */ name) =>
    option(handler, name, 'number', `${origin}.requestHandler`);
  return {
    origin,
    region: read('region', 'string'),
    endpoint: readEndpoint(config.endpoint, origin),
    profile: read('profile', 'string'),
    maxAttempts: read('maxAttempts', 'number') ?? readMaxRetries(config, origin),
    retryMode: read('retryMode', 'string'),
    requestTimeout:
      read('requestTimeout', 'number') ?? readHttp('timeout') ?? readHandler('requestTimeout'),
    connectTimeout:
      read('connectTimeout', 'number') ??
      readHttp('connectTimeout') ??
      readHandler('connectionTimeout'),
    useDualstackEndpoint: read('useDualstackEndpoint', 'boolean'),
    useFipsEndpoint: read('useFipsEndpoint', 'boolean'),
    accountIdEndpointMode: read('accountIdEndpointMode', 'string'),
    userAgent: userAgent(read('customUserAgent', ['string', 'array'])),
    ...readKeys(config, origin),
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
 * What gives credentials, where they do not stand in the settings.
 *
 * @param {Record<string, any>} config
 * @param {string} origin
 * @returns {(() => Promise<any>) | undefined}
 */
function readProvider(config, origin) {
  const credentials = option(config, 'credentials', ['object', 'function'], origin);
  if (credentials === undefined || !isProvider(credentials)) return undefined;
  return typeof credentials === 'function' ? credentials : () => fromV2(credentials);
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
      const { accessKeyId, secretAccessKey, ...rest } = await read(provide);
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

/**
 * @param {any} endpoint a URL as text or object, an `AWS.Endpoint`, or an endpoint of aws-sdk v3
 * @param {string} origin
 * @returns {string | undefined}
 */
function readEndpoint(endpoint, origin) {
  if (endpoint === undefined || endpoint === null) return undefined;
  if (typeof endpoint === 'string') return endpoint;
  if (typeof endpoint.href === 'string') return endpoint.href;
  if (typeof endpoint.url?.href === 'string') return endpoint.url.href;
  if (typeof endpoint.hostname === 'string') {
    const { protocol = 'https:', hostname, port, path = '/' } = endpoint;
    return `${protocol}//${hostname}${port ? `:${port}` : ''}${path}`;
  }
  const kind = typeName(endpoint);
  throw invalidArgument(`option "${origin}.endpoint" must be a URL, but is ${kind}`);
}

/**
 * A client of aws-sdk v3 or v2, or what looks like one. Its settings are read when the first
 * request needs them: in v3 each is a promise.
 *
 * @param {any} client
 * @returns {Omit<Connection, 'sdks'>}
 */
function readClient(client) {
  if (!adopt().isCallable(client)) {
    throw invalidArgument(
      'option "client" must be a DynamoDBClient (aws-sdk v3) or an AWS.DynamoDB (aws-sdk v2)',
    );
  }
  const { config } = client;
  const provide = adopt().isV3(client) ? () => config.credentials() : () => fromV2(config);
  return {
    connection: { origin: 'client' },
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
 * @returns {Connection}
 */
function readClientConfig(options) {
  const client = option(options, 'client', 'object');
  const config = option(options, 'config', 'object');
  if (client && config) {
    throw invalidArgument('option "config" cannot be used together with "client"');
  }
  const found = client ? readClient(client) : readConfig(config ?? {}, 'config');
  return { ...found, sdks: [V3, V2], transport: readTransport(options) };
}

module.exports = { readClientConfig, readConnection };

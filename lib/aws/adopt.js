'use strict';

/**
 * Adopts a client: reads its settings, so that the addon can send the requests. A customised client is not adopted,
 * because the addon does not have the user's changes.
 */

const { isDeepStrictEqual } = require('node:util');
const { agentFor, canFollowAgent, maxSocketsOf } = require('./agent');
const { METHODS } = require('./call');
const { variable } = require('./environment');
const { V3, findSdk, loadedV2, clientClassesOfV3, userAgent } = require('./sdk');

/** @import { ConnectionOptions } from '../../native/binding' */

/** Only the settings of the client, which are read late, show that it cannot be adopted. */
class NotAdoptable extends Error {}

/** Settings of a v3 client whose default is a function that each copy of the SDK has for itself. */
const COPY_DEFAULTS = ['endpointProvider', 'httpAuthSchemeProvider'];

/** Settings of a v3 client whose default is a function. */
const FUNCTION_DEFAULTS = [...COPY_DEFAULTS, 'sha256', 'urlParser'];

/** Settings of a v3 client whose default is a new object for each client: their classes are compared. */
const OBJECT_DEFAULTS = ['logger', 'protocol', 'requestHandler'];

/** The default timeout of aws-sdk v2, in milliseconds. */
const V2_TIMEOUT = 120_000;

/** @param {any} client */
function isV3(client) {
  return (
    typeof client.send === 'function' &&
    typeof client.config?.region === 'function' &&
    typeof client.middlewareStack?.identify === 'function'
  );
}

/** @param {any} client */
function isV2(client) {
  return (
    client.serviceIdentifier === 'dynamodb' &&
    typeof client.config?.getCredentials === 'function' &&
    typeof client.makeRequest === 'function'
  );
}

/**
 * Returns the service of an AWS SDK client if it is not DynamoDB.
 *
 * @param {any} client
 * @returns {string | undefined} the name of the service, such as `S3`
 */
function otherService(client) {
  const id = client.config?.serviceId ?? client.serviceIdentifier;
  if (typeof id !== 'string' || id.toLowerCase() === 'dynamodb') return undefined;
  // Stubs and other clients for DynamoDB, such as a client of DAX, have other properties than an SDK client.
  const isOfSdk =
    typeof client.middlewareStack?.identify === 'function' ||
    typeof client.makeRequest === 'function';
  return isOfSdk && typeof client.getItem !== 'function' ? id : undefined;
}

/**
 * Returns the client to use for a user's client. For a `DocumentClient` of v2, this is its plain client, because a
 * `DocumentClient` takes and returns items in another form.
 *
 * @param {any} client
 * @returns {any} `undefined` for an object that cannot be called like a client
 */
function usableClient(client) {
  const has = (/** @type {any} */ object, /** @type {string} */ name) =>
    typeof object?.[name] === 'function';
  if (has(client, 'get') && has(client, 'put') && !has(client, 'send') && !has(client, 'getItem')) {
    return has(client.service, 'getItem') ? client.service : undefined;
  }
  return ['send', ...METHODS].some((name) => has(client, name)) ? client : undefined;
}

/**
 * Returns the reason why a client must be called instead of adopted; `undefined` if no reason is known before its
 * settings are read.
 *
 * @param {any} client
 * @returns {string | undefined}
 */
function reasonToCall(client) {
  const v3 = isV3(client);
  if (!v3 && !isV2(client)) {
    return 'the client is neither a DynamoDBClient of aws-sdk v3 nor an AWS.DynamoDB of aws-sdk v2';
  }
  if (variable('NODE_TLS_REJECT_UNAUTHORIZED') === '0') {
    return 'NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the check of certificates';
  }
  return v3 ? reasonToCallV3(client) : reasonToCallV2(client);
}

/** @param {any} client */
function reasonToCallV3(client) {
  const chain = prototypes(client);
  if (!isOriginal(client, 'send', chain.at(-1)))
    return 'the method "send" of the client was replaced';
  const own = ownPristineOf(client);
  if (own) return differenceV3(client, own);
  const other = pristineOf(findSdk(V3)?.DynamoDBClient);
  if (!other)
    return `${V3} was not found, so the store cannot tell whether the client was customised`;
  const difference = differenceV3(client, other);
  return difference && `${difference} (compared with the installed ${V3})`;
}

/**
 * Returns the first difference between a v3 client and a client with default settings.
 *
 * @param {any} client
 * @param {any} pristine a client with default settings
 * @returns {string | undefined}
 */
function differenceV3({ config, middlewareStack }, pristine) {
  const middleware = middlewareStack.identify().sort();
  if (!isDeepStrictEqual(middleware, pristine.middlewareStack.identify().sort())) {
    return 'the middleware of the client was changed';
  }
  const other =
    FUNCTION_DEFAULTS.find((name) => !isSameFunction(config[name], pristine.config[name])) ??
    OBJECT_DEFAULTS.find(
      (name) => !isSameFunction(config[name]?.constructor, pristine.config[name]?.constructor),
    );
  if (other) return `the client has its own "${other}"`;
  if (!isSameFunction(config.signer, pristine.config.signer)) {
    return 'the client has its own "signer"';
  }
  if (config.extensions?.length > 0) return 'the client has extensions';
  if (Object.hasOwn(config.requestHandler, 'handle'))
    return 'the request handler of the client was changed';
  if (config.tls === false && !config.isCustomEndpoint) return 'the client does not use TLS';
  return undefined;
}

/**
 * Whether two functions or classes are identical, or have the same name and source text. The SDK makes some functions
 * for each client (`signer`, and `sha256` before 2026), and each copy of the SDK has its own functions.
 *
 * @param {any} one
 * @param {any} other
 */
function isSameFunction(one, other) {
  if (one === other) return true;
  if (typeof one !== 'function' || typeof other !== 'function') return false;
  // Also the name, because bound functions have no source text.
  return one.name === other.name && String(one) === String(other);
}

/** @param {any} client */
function reasonToCallV2(client) {
  const { config } = client;
  const replaced = ['makeRequest', ...METHODS].find((name) => !isOriginal(client, name));
  if (replaced) return `the method "${replaced}" of the client was replaced`;
  if (client.customRequestHandler) return 'the client has a request handler (customizeRequests)';
  // Each client has one listener for these two events: it passes them on to the class.
  const listeners = Object.entries(client._events ?? {}).filter(
    ([event, { length }]) => length > (event === 'apiCall' || event === 'apiCallAttempt' ? 1 : 0),
  );
  if (listeners.length > 0) return 'the client has event listeners';
  if (Object.keys(loadedV2()?.events?._events ?? {}).length > 0) return 'AWS.events has listeners';
  const agent = config.httpOptions?.agent;
  if (agent && !canFollowAgent(agent))
    return 'the client has an agent with settings that the addon cannot follow';
  if (config.httpOptions?.proxy) return 'the client has a proxy';
  if (Object.keys(config.retryDelayOptions ?? {}).length > 0)
    return 'the client has its own retry delays';
  if (config.systemClockOffset) return 'the client has a clock with an offset';
  // The client in a document client always has `params`, mostly without properties.
  if (Object.keys(config.params ?? {}).length > 0)
    return 'the configuration of the client has "params"';
  const other = ['logger', 'endpointDiscoveryEnabled'].find((name) => config[name]);
  return other && `the configuration of the client has "${other}"`;
}

/**
 * Returns the prototypes of an object without `Object.prototype`.
 *
 * @param {any} object
 */
function prototypes(object) {
  const chain = [];
  let next = Object.getPrototypeOf(object);
  while (next && Object.getPrototypeOf(next)) {
    chain.push(next);
    next = Object.getPrototypeOf(next);
  }
  return chain;
}

/**
 * Whether a method is the one of its class. A stub or wrapper is on the object or on a subclass, or is a function with
 * properties.
 *
 * @param {any} object
 * @param {string} name
 * @param {any} [owner] the prototype that must have the method
 */
function isOriginal(
  object,
  name,
  owner = prototypes(object).find((each) => Object.hasOwn(each, name)),
) {
  if (Object.hasOwn(object, name) || !owner || object[name] !== owner[name]) return false;
  const ordinary = ['length', 'name', 'prototype', 'arguments', 'caller'];
  return Reflect.ownKeys(object[name]).every((key) => ordinary.includes(String(key)));
}

/** The clients with default settings, by their class. @type {WeakMap<Function, any>} */
const pristines = new WeakMap();

/**
 * Returns a client of a class with default settings.
 *
 * @param {any} Class
 */
function pristineOf(Class) {
  if (!Class) return undefined;
  let pristine = pristines.get(Class);
  if (!pristine) {
    const credentials = { accessKeyId: 'none', secretAccessKey: 'none' };
    pristine = new Class({ region: 'us-east-1', credentials });
    pristines.set(Class, pristine);
  }
  return pristine;
}

/**
 * Returns a client with default settings of the same class as `client`; `undefined` if this class is not found.
 *
 * @param {any} client
 */
function ownPristineOf(client) {
  const Class = prototypes(client).at(-2)?.constructor;
  // A document client has the middleware of its DynamoDBClient, but another class.
  const isDocument = typeof Class?.from === 'function';
  return isDocument ? pristineOfCopy(client) : pristineOf(Class);
}

/**
 * Returns a client with default settings from the same copy of the SDK as a document client. The copy is recognized
 * by its functions. A program may have loaded several copies, of which `require` finds only one.
 *
 * @param {any} client
 */
function pristineOfCopy({ config }) {
  const isOf = (/** @type {any} */ Class) => {
    const { config: own } = pristineOf(Class);
    return COPY_DEFAULTS.some((name) => config[name] && config[name] === own[name]);
  };
  return pristineOf(clientClassesOfV3().find(isOf));
}

/**
 * Reads the settings of a client. Rejects with `NotAdoptable` if the addon cannot follow them.
 *
 * @param {any} client
 * @param {(endpoint: any) => string | undefined} readEndpoint
 * @returns {Promise<ConnectionOptions>}
 */
function settingsOf(client, readEndpoint) {
  return isV3(client) ? settingsOfV3(client, readEndpoint) : settingsOfV2(client, readEndpoint);
}

/**
 * @param {any} client
 * @param {(endpoint: any) => string | undefined} readEndpoint
 */
async function settingsOfV3(client, readEndpoint) {
  const { config } = client;
  const ignores = config.ignoreConfiguredEndpointUrls;
  const ownEndpoint = await config.endpoint?.();
  const endpoint = readEndpoint(
    ownEndpoint ?? (ignores ? undefined : await config.serviceConfiguredEndpoint?.()),
  );
  const handler = await handlerOf(config.requestHandler, endpoint);
  const strategy = await config.retryStrategy?.();
  if (strategy && !/^_?(Standard|Adaptive)RetryStrategy/.test(strategy.constructor.name)) {
    throw new NotAdoptable('the client has its own retry strategy');
  }
  // The strategy comes first: a user's strategy may have its own number of attempts.
  const maxAttempts = await (strategy?.maxAttemptsProvider?.() ?? value(config.maxAttempts));
  return {
    origin: 'client',
    region: await config.region(),
    endpoint,
    // If the client's version reads configured endpoints itself, the addon must not read them again.
    ignoreConfiguredEndpointUrls: ignores || config.serviceConfiguredEndpoint !== undefined,
    profile: config.profile,
    maxAttempts,
    defaultAttempts: maxAttempts === (await defaultAttemptsOfV3(client)),
    retryMode: strategy?.mode ?? (await value(config.retryMode)),
    requestTimeout: handler.requestTimeout || handler.socketTimeout || undefined,
    connectTimeout: handler.connectionTimeout || undefined,
    maxSockets: maxSocketsOf(agentFor(handler, endpoint)),
    useDualstackEndpoint: await value(config.useDualstackEndpoint),
    useFipsEndpoint: await value(config.useFipsEndpoint),
    accountIdEndpointMode: await value(config.accountIdEndpointMode),
    userAgent: userAgent(config.customUserAgent),
    userAgentAppId: await value(config.userAgentAppId),
  };
}

/**
 * Returns the default number of attempts of a client's class, which depends on its version. A client does not show
 * whether its number is the default or was set.
 *
 * @param {any} client
 * @returns {Promise<number | undefined>}
 */
async function defaultAttemptsOfV3(client) {
  const pristine = ownPristineOf(client) ?? pristineOf(findSdk(V3)?.DynamoDBClient);
  return value(pristine?.config.maxAttempts);
}

/** @param {any} provider a value, or a function that returns a value or a promise of it */
function value(provider) {
  return typeof provider === 'function' ? provider() : provider;
}

/**
 * Reads the settings of a `NodeHttpHandler`.
 *
 * @param {any} handler
 * @param {string | undefined} endpoint
 */
async function handlerOf(handler, endpoint) {
  const config = (await handler.configProvider) ?? handler.httpHandlerConfigs?.() ?? {};
  const httpAgent = config.httpAgent ?? (await config.httpAgentProvider?.());
  const agent = agentFor({ ...config, httpAgent }, endpoint);
  if (agent && !canFollowAgent(agent))
    throw new NotAdoptable('the client has an agent with settings that the addon cannot follow');
  return { ...config, httpAgent };
}

/**
 * @param {any} client
 * @param {(endpoint: any) => string | undefined} readEndpoint
 */
async function settingsOfV2(client, readEndpoint) {
  const { config, endpoint } = client;
  const { agent, timeout, connectTimeout } = config.httpOptions ?? {};
  const region = client.signingRegion ?? config.region;
  if (!region) throw new Error('the client has no region: set "region" in its configuration');
  return {
    origin: 'client',
    region,
    endpoint: readEndpoint(endpoint),
    maxAttempts: client.numRetries() + 1,
    defaultAttempts: config.maxRetries === undefined,
    requestTimeout: timeout === V2_TIMEOUT ? undefined : timeout || undefined,
    connectTimeout: connectTimeout || undefined,
    maxSockets: maxSocketsOf(agent),
    userAgent: userAgent(config.customUserAgent),
  };
}

module.exports = {
  NotAdoptable,
  isV2,
  isV3,
  otherService,
  reasonToCall,
  settingsOf,
  usableClient,
};

'use strict';

/**
 * Adopting a client: its settings are read and the requests go out from the addon. That must not
 * change what the user has asked for, so a client that was customised is not adopted.
 */

const { isDeepStrictEqual } = require('node:util');
const { agentFor, canBeFollowed, maxSocketsOf } = require('./agent');
const { METHODS } = require('./call');
const { variable } = require('./environment');
const { V3, findSdk, loadedV2, loadedV3, userAgent } = require('./sdk');

/** @import { ConnectionOptions } from '../../native/binding' */

/** The reason why a client cannot be adopted that shows only once its settings are asked for. */
class NotAdoptable extends Error {}

/** What a client of v3 has from its copy of the SDK alone, unless its user gave it another. */
const OF_THE_COPY = ['endpointProvider', 'httpAuthSchemeProvider'];

/** What it has from its class, which copies may share. */
const OF_THE_CLASS = [...OF_THE_COPY, 'sha256', 'urlParser'];

/** The same, where each client has an instance of its own. */
const OF_A_CLASS = ['logger', 'protocol', 'requestHandler'];

/** What aws-sdk v2 has where its user set none, in milliseconds. */
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
 * The service that a client of an AWS SDK is for, if that is not DynamoDB.
 *
 * @param {any} client
 * @returns {string | undefined} its name, such as `S3`
 */
function otherService(client) {
  const id = client.config?.serviceId ?? client.serviceIdentifier;
  if (typeof id !== 'string' || id.toLowerCase() === 'dynamodb') return undefined;
  // Neither a client that stands for DynamoDB, such as one of DAX, nor a stub is made as these are.
  const isOfSdk =
    typeof client.middlewareStack?.identify === 'function' ||
    typeof client.makeRequest === 'function';
  return isOfSdk && typeof client.getItem !== 'function' ? id : undefined;
}

/**
 * The client to use for one that was passed: the plain one in a `DocumentClient` of v2, which takes and
 * gives other things than a client does.
 *
 * @param {any} given
 * @returns {any} `undefined` for an object that cannot be called like a client
 */
function usableClient(given) {
  const has = (/** @type {any} */ client, /** @type {string} */ name) =>
    typeof client?.[name] === 'function';
  if (has(given, 'get') && has(given, 'put') && !has(given, 'send') && !has(given, 'getItem')) {
    return has(given.service, 'getItem') ? given.service : undefined;
  }
  return ['send', ...METHODS].some((name) => has(given, name)) ? given : undefined;
}

/**
 * Why a client has to be called instead of adopted; `undefined` where it does not, as far as can be
 * seen at once.
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
 * What a client of v3 has that its class has not given it.
 *
 * @param {any} client
 * @param {any} pristine a client as its class makes it
 * @returns {string | undefined}
 */
function differenceV3({ config, middlewareStack }, pristine) {
  const middleware = middlewareStack.identify().sort();
  if (!isDeepStrictEqual(middleware, pristine.middlewareStack.identify().sort())) {
    return 'the middleware of the client was changed';
  }
  const other =
    OF_THE_CLASS.find((name) => !isSameFunction(config[name], pristine.config[name])) ??
    OF_A_CLASS.find(
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
 * Whether two functions or classes are one: the same, or written the same way. Some are made anew for
 * each client (`signer`, and `sha256` before 2026), and each copy of the SDK has its own.
 *
 * @param {any} one
 * @param {any} other
 */
function isSameFunction(one, other) {
  if (one === other) return true;
  if (typeof one !== 'function' || typeof other !== 'function') return false;
  // The names, because bound functions have no text.
  return one.name === other.name && String(one) === String(other);
}

/** @param {any} client */
function reasonToCallV2(client) {
  const { config } = client;
  const replaced = ['makeRequest', ...METHODS].find((name) => !isOriginal(client, name));
  if (replaced) return `the method "${replaced}" of the client was replaced`;
  if (client.customRequestHandler) return 'the client has a request handler (customizeRequests)';
  // Each client passes two events on to its class.
  const listeners = Object.entries(client._events ?? {}).filter(
    ([event, { length }]) => length > (event === 'apiCall' || event === 'apiCallAttempt' ? 1 : 0),
  );
  if (listeners.length > 0) return 'the client has event listeners';
  if (Object.keys(loadedV2()?.events?._events ?? {}).length > 0) return 'AWS.events has listeners';
  const agent = config.httpOptions?.agent;
  if (agent && !canBeFollowed(agent))
    return 'the client has an agent with settings that the addon cannot follow';
  if (config.httpOptions?.proxy) return 'the client has a proxy';
  if (Object.keys(config.retryDelayOptions ?? {}).length > 0)
    return 'the client has its own retry delays';
  if (config.systemClockOffset) return 'the client has a clock with an offset';
  // The client in a document client always has `params`, which are mostly empty.
  if (Object.keys(config.params ?? {}).length > 0)
    return 'the configuration of the client has "params"';
  const other = ['logger', 'endpointDiscoveryEnabled'].find((name) => config[name]);
  return other && `the configuration of the client has "${other}"`;
}

/**
 * The prototypes of an object, but for the one that all objects have.
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
 * Whether a method is its class's own: stubs and wrappers are functions with properties, and lie on
 * the object or on a class in between.
 *
 * @param {any} object
 * @param {string} name
 * @param {any} [owner] the prototype that has to have it
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

/** @type {WeakMap<Function, any>} */
const pristines = new WeakMap();

/**
 * A client as its class makes it.
 *
 * @param {any} Class
 */
function pristineOf(Class) {
  if (!Class) return undefined;
  const known = pristines.get(Class);
  if (known) return known;
  const credentials = { accessKeyId: 'none', secretAccessKey: 'none' };
  const made = new Class({ region: 'us-east-1', credentials });
  pristines.set(Class, made);
  return made;
}

/**
 * A client as the class of `client` makes it, if that can be told.
 *
 * @param {any} client
 */
function ownPristineOf(client) {
  const Class = prototypes(client).at(-2)?.constructor;
  // A document client is of another class, around a DynamoDBClient, with its middleware.
  const isDocument = typeof Class?.from === 'function';
  return isDocument ? pristineOfCopy(client) : pristineOf(Class);
}

/**
 * A client as its copy of the SDK makes it, for one that does not show its class: the copy is known by
 * its functions. A program may have loaded several, of which only one is found from here.
 *
 * @param {any} client
 */
function pristineOfCopy({ config }) {
  const isOf = (/** @type {any} */ Class) => {
    const { config: own } = pristineOf(Class);
    return OF_THE_COPY.some((name) => config[name] && config[name] === own[name]);
  };
  return pristineOf(loadedV3().find(isOf));
}

/**
 * The settings of a client that can be adopted. Rejects with `NotAdoptable` where they show that it
 * cannot.
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
  const given = await config.endpoint?.();
  const endpoint = readEndpoint(
    given ?? (ignores ? undefined : await config.serviceConfiguredEndpoint?.()),
  );
  const handler = await handlerOf(config.requestHandler, endpoint);
  const strategy = await config.retryStrategy?.();
  if (strategy && !/^_?(Standard|Adaptive)RetryStrategy/.test(strategy.constructor.name)) {
    throw new NotAdoptable('the client has its own retry strategy');
  }
  // The strategy first: one that was passed may have a number of its own.
  const maxAttempts = await (strategy?.maxAttemptsProvider?.() ?? value(config.maxAttempts));
  return {
    origin: 'client',
    region: await config.region(),
    endpoint,
    // The client has looked itself, where its version does that. Its profile has no say in it.
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
 * How often a client of this class sends a request by default, which versions differ in. A client does not
 * tell its default from the same number in its settings.
 *
 * @param {any} client
 * @returns {Promise<number | undefined>}
 */
async function defaultAttemptsOfV3(client) {
  const pristine = ownPristineOf(client) ?? pristineOf(findSdk(V3)?.DynamoDBClient);
  return value(pristine?.config.maxAttempts);
}

/** @param {any} provider a value, or a function that gives one */
function value(provider) {
  return typeof provider === 'function' ? provider() : provider;
}

/**
 * The settings of a `NodeHttpHandler`.
 *
 * @param {any} handler
 * @param {string | undefined} endpoint
 */
async function handlerOf(handler, endpoint) {
  const config = (await handler.configProvider) ?? handler.httpHandlerConfigs?.() ?? {};
  const httpAgent = config.httpAgent ?? (await config.httpAgentProvider?.());
  const agent = agentFor({ ...config, httpAgent }, endpoint);
  if (agent && !canBeFollowed(agent))
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

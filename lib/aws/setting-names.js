'use strict';

/** The names of settings, by what has to be there to follow them. */

const { canBeFollowed } = require('./agent');
const { V2, V3 } = require('./sdk');

/** What a `dynamoConfig` can have that is the same for every SDK, or that we follow ourselves. */
const KNOWN = new Set([
  'accountIdEndpointMode',
  'customUserAgent',
  'retryMode',
  'accessKeyId',
  'accountId',
  'connectTimeout',
  'credentials',
  'endpoint',
  'httpOptions',
  'ignoreConfiguredEndpointUrls',
  'maxAttempts',
  'maxRetries',
  'profile',
  'proxy',
  'region',
  'requestTimeout',
  'secretAccessKey',
  'sessionToken',
  'useDualstackEndpoint',
  'useFipsEndpoint',
  'userAgentAppId',
]);

const KNOWN_HTTP = new Set(['agent', 'connectTimeout', 'timeout']);

/** Settings that v3 takes as functions too, which give the setting or a promise of it. */
const PROVIDABLE = [
  'accountIdEndpointMode',
  'endpoint',
  'maxAttempts',
  'region',
  'retryMode',
  'useDualstackEndpoint',
  'useFipsEndpoint',
  'userAgentAppId',
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

/** Those that are an agent, or the options for one: followed where they are plain. */
const AGENTS = new Set(['httpAgent', 'httpsAgent']);

/**
 * The first setting that only a client can follow, and the SDK of that client.
 *
 * @param {Record<string, any>} config
 * @param {string} origin the option that holds the settings
 */
function needed(config, origin) {
  const set = (/** @type {string} */ name) => config[name] !== undefined && config[name] !== null;
  const { agent, proxy } = config.httpOptions ?? {};
  const needsAgent = agent && !canBeFollowed(agent);
  const v2 = V2_ONLY.find(set) ?? (needsAgent || proxy ? 'httpOptions' : undefined);
  if (v2) return { name: `${origin}.${v2}`, sdk: V2 };
  const v3 = V3_ONLY.find((name) => set(name) && !isPlainHandler(name, config));
  if (v3) return { name: `${origin}.${v3}`, sdk: V3 };
  const either = CLIENT_ONLY.find(set);
  return either ? { name: `${origin}.${either}`, sdk: '' } : undefined;
}

/**
 * Whether it is a `requestHandler` that has no more than timeouts and plain agents.
 *
 * @param {string} name
 * @param {Record<string, any>} config
 */
function isPlainHandler(name, { requestHandler }) {
  if (name !== 'requestHandler' || typeof requestHandler !== 'object') return false;
  return (
    typeof requestHandler.handle !== 'function' &&
    Object.entries(requestHandler).every(
      ([key, value]) => HANDLER.has(key) || (AGENTS.has(key) && canBeFollowed(value)),
    )
  );
}

module.exports = { KNOWN_ANYWHERE, KNOWN_HTTP, PROVIDABLE, needed };

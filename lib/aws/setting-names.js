'use strict';

/** The names of settings, grouped by the SDK that can follow them. */

const { canFollowAgent } = require('./agent');
const { V2, V3 } = require('./sdk');

/** The settings of `dynamoConfig` that need no SDK: the addon follows them. */
const FOLLOWED_SETTINGS = new Set([
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

/** The settings of `httpOptions`. */
const HTTP_SETTINGS = new Set(['agent', 'connectTimeout', 'timeout']);

/** Settings that may be functions, as in v3: the function returns the setting, or a promise of it. */
const FUNCTION_SETTINGS = [
  'accountIdEndpointMode',
  'endpoint',
  'maxAttempts',
  'region',
  'retryMode',
  'useDualstackEndpoint',
  'useFipsEndpoint',
  'userAgentAppId',
];

/** Settings of v2's internal work. They are accepted, but have no effect in the addon. */
const IGNORED_SETTINGS = new Set([
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

/** Settings that only a client can follow, of v2 or v3. */
const CLIENT_ONLY = ['endpointDiscoveryEnabled', 'logger', 'systemClockOffset'];

const ALL_SETTINGS = new Set([
  ...FOLLOWED_SETTINGS,
  ...IGNORED_SETTINGS,
  ...V3_ONLY,
  ...V2_ONLY,
  ...CLIENT_ONLY,
]);

/** The settings of `requestHandler` that the addon follows. */
const HANDLER_SETTINGS = new Set(['connectionTimeout', 'requestTimeout']);

/** The settings of `requestHandler` that hold an agent, or options for an agent. */
const AGENT_SETTINGS = new Set(['httpAgent', 'httpsAgent']);

/**
 * Returns the first setting that only a client can follow, and the SDK of this client.
 *
 * @param {Record<string, any>} config
 * @param {string} origin the option that holds the settings
 * @returns {{ name: string, sdk: string } | undefined} an empty `sdk` means either SDK
 */
function neededSdk(config, origin) {
  const set = (/** @type {string} */ name) => config[name] !== undefined && config[name] !== null;
  const { agent, proxy } = config.httpOptions ?? {};
  const needsAgent = agent && !canFollowAgent(agent);
  const v2 = V2_ONLY.find(set) ?? (needsAgent || proxy ? 'httpOptions' : undefined);
  if (v2) return { name: `${origin}.${v2}`, sdk: V2 };
  const v3 = V3_ONLY.find((name) => set(name) && !isPlainHandler(name, config));
  if (v3) return { name: `${origin}.${v3}`, sdk: V3 };
  const either = CLIENT_ONLY.find(set);
  return either ? { name: `${origin}.${either}`, sdk: '' } : undefined;
}

/**
 * Whether a setting is a `requestHandler` with only timeouts and agents that the addon can follow.
 *
 * @param {string} name
 * @param {Record<string, any>} config
 */
function isPlainHandler(name, { requestHandler }) {
  if (name !== 'requestHandler' || typeof requestHandler !== 'object') return false;
  return (
    typeof requestHandler.handle !== 'function' &&
    Object.entries(requestHandler).every(
      ([key, value]) =>
        HANDLER_SETTINGS.has(key) || (AGENT_SETTINGS.has(key) && canFollowAgent(value)),
    )
  );
}

module.exports = { ALL_SETTINGS, FUNCTION_SETTINGS, HTTP_SETTINGS, neededSdk };

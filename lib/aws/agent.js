'use strict';

/**
 * HTTP agents of users. The addon uses their number of connections. If an agent has any other setting, the addon
 * cannot follow it, and the store calls the client instead.
 */

/** The number of connections in the agents that the SDKs make. It counts as not set. */
const SDK_MAX_SOCKETS = 50;

/** The options of agents that the addon follows or does not need. */
const FOLLOWED_OPTIONS = new Set([
  'keepAlive',
  'keepAliveMsecs',
  'maxFreeSockets',
  'maxSockets',
  'noDelay',
  'path',
  'scheduling',
]);

/** The options that Node 24 and later sets itself, with their defaults. @type {Map<string, unknown[]>} */
const NODE_DEFAULTS = new Map([
  ['defaultPort', [80, 443]],
  ['protocol', ['http:', 'https:']],
]);

/**
 * Whether the addon can follow an agent: the agent sets only the number of connections and how long they are kept.
 *
 * @param {any} agent an agent, or options for an agent
 */
function canFollowAgent(agent) {
  const { Agent: Http } = require('node:http');
  const { Agent: Https } = require('node:https');
  const isAgent = typeof agent?.addRequest === 'function';
  if (!isAgent) return canFollowOptions(agent ?? {});
  const methods = ['addRequest', 'createConnection', 'createSocket', 'getName'];
  return (
    [Http, Https].includes(agent.constructor) &&
    !methods.some((name) => Object.hasOwn(agent, name)) &&
    canFollowOptions(agent.options ?? {})
  );
}

/** @param {Record<string, any>} options */
function canFollowOptions(options) {
  const set = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  const isFollowed = (/** @type {[string, any]} */ [name, value]) =>
    FOLLOWED_OPTIONS.has(name) || NODE_DEFAULTS.get(name)?.includes(value);
  // The addon always keeps connections alive, so it cannot follow `keepAlive: false`.
  return options.keepAlive !== false && set.every(isFollowed);
}

/**
 * Returns the agent for an endpoint: of HTTP or of HTTPS.
 *
 * @param {{ httpAgent?: any, httpsAgent?: any }} agents
 * @param {string | undefined} endpoint
 */
function agentFor({ httpAgent, httpsAgent }, endpoint) {
  return endpoint?.startsWith('http:') ? httpAgent : httpsAgent;
}

/**
 * Returns the number of connections that a user has set in an agent; `undefined` for a default of Node or the SDK.
 *
 * @param {any} agent an agent, or options for an agent
 * @returns {number | undefined}
 */
function maxSocketsOf(agent) {
  const { maxSockets } = agent?.options ?? agent ?? {};
  const isChosen = Number.isInteger(maxSockets) && maxSockets > 0 && maxSockets !== SDK_MAX_SOCKETS;
  return isChosen ? maxSockets : undefined;
}

module.exports = { agentFor, canFollowAgent, maxSocketsOf };

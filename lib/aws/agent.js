'use strict';

/**
 * Agents: what an application says with one of how many connections it wants. An agent that says
 * more than that cannot be followed by the addon, and its client is called instead.
 */

/** What the SDKs make their agents with. A user who wanted another number has set it. */
const SDK_MAX_SOCKETS = 50;

/** Options that change nothing, or only what the addon does in any case. */
const ORDINARY = new Set([
  'keepAlive',
  'keepAliveMsecs',
  'maxFreeSockets',
  'maxSockets',
  'noDelay',
  'path',
  'scheduling',
]);

/** What Node sets itself, from version 24 on, unless the user has set something else. @type {Map<string, unknown[]>} */
const OF_NODE = new Map([
  ['defaultPort', [80, 443]],
  ['protocol', ['http:', 'https:']],
]);

/**
 * Whether the addon can follow an agent, or the options for one: they say no more than how many
 * connections there may be and how long they are kept.
 *
 * @param {any} agent
 */
function canBeFollowed(agent) {
  const { Agent: Http } = require('node:http');
  const { Agent: Https } = require('node:https');
  const isAgent = typeof agent?.addRequest === 'function';
  if (!isAgent) return hasOrdinaryOptions(agent ?? {});
  const methods = ['addRequest', 'createConnection', 'createSocket', 'getName'];
  return (
    [Http, Https].includes(agent.constructor) &&
    !methods.some((name) => Object.hasOwn(agent, name)) &&
    hasOrdinaryOptions(agent.options ?? {})
  );
}

/** @param {Record<string, any>} options */
function hasOrdinaryOptions(options) {
  const set = Object.entries(options).filter(([, value]) => value !== undefined && value !== null);
  // Whoever wants no connection to be kept has a reason.
  const isOrdinary = (/** @type {[string, any]} */ [name, value]) =>
    ORDINARY.has(name) || OF_NODE.get(name)?.includes(value);
  return options.keepAlive !== false && set.every(isOrdinary);
}

/**
 * The one of two agents that is for an endpoint.
 *
 * @param {{ httpAgent?: any, httpsAgent?: any }} agents
 * @param {string | undefined} endpoint
 */
function agentFor({ httpAgent, httpsAgent }, endpoint) {
  return endpoint?.startsWith('http:') ? httpAgent : httpsAgent;
}

/**
 * How many connections an agent, or the options for one, ask for; `undefined` where they leave that
 * to whoever made the SDK, or to Node.
 *
 * @param {any} agent
 * @returns {number | undefined}
 */
function maxSocketsOf(agent) {
  const { maxSockets } = agent?.options ?? agent ?? {};
  const isChosen = Number.isInteger(maxSockets) && maxSockets > 0 && maxSockets !== SDK_MAX_SOCKETS;
  return isChosen ? maxSockets : undefined;
}

module.exports = { agentFor, canBeFollowed, maxSocketsOf };

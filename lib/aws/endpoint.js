'use strict';

/** Reads endpoints in all forms that the AWS SDKs for JavaScript accept. */

const { invalidArgument } = require('../errors');
const { typeName } = require('../options');

/** Addresses of the developer's own machine. A DynamoDB there uses plain HTTP. */
const OWN_MACHINE =
  /^(?:[^:/]+\.)?localhost\.?(?=[:/]|$)|^(?:127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\])(?=[:/]|$)/i;

/**
 * Returns the URL of an endpoint. The addon checks the URL.
 *
 * @param {any} endpoint a URL as text or object, an `AWS.Endpoint`, or an endpoint of aws-sdk v3
 * @param {string} origin the option that holds the endpoint
 * @param {boolean} [isSecure] `sslEnabled` of aws-sdk v2: whether an endpoint without a scheme uses TLS
 * @returns {string | undefined}
 */
function readEndpoint(endpoint, origin, isSecure = true) {
  if (endpoint === undefined || endpoint === null) return undefined;
  if (typeof endpoint === 'string') return withScheme(endpoint, isSecure);
  if (typeof endpoint.href === 'string') return endpoint.href;
  if (typeof endpoint.url?.href === 'string') return endpoint.url.href;
  if (typeof endpoint.hostname === 'string') {
    const { protocol, hostname, port, path = '/' } = endpoint;
    const address = `${hostname}${port ? `:${port}` : ''}${path}`;
    return protocol ? `${protocol}//${address}` : withScheme(address, isSecure);
  }
  const kind = typeName(endpoint);
  throw invalidArgument(`option "${origin}.endpoint" must be a URL, but is ${kind}`);
}

/**
 * Adds the scheme to an address without one: HTTPS, as in aws-sdk v2, except for an address of the own machine.
 *
 * @param {string} address
 * @param {boolean} isSecure
 */
function withScheme(address, isSecure) {
  if (address.includes('://')) return address;
  const rest = address.replace(/^\/\//, '');
  return `${isSecure && !OWN_MACHINE.test(rest) ? 'https' : 'http'}://${rest}`;
}

module.exports = { readEndpoint };

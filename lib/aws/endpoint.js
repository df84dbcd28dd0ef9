'use strict';

/** Endpoints, in every form that the AWS SDKs for JavaScript take them in. */

const { invalidArgument } = require('../errors');
const { typeName } = require('../options');

/** The machine itself, where a DynamoDB is one of a developer's, and speaks plain HTTP. */
const OWN_MACHINE =
  /^(?:[^:/]+\.)?localhost\.?(?=[:/]|$)|^(?:127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\])(?=[:/]|$)/i;

/**
 * The URL of an endpoint, in so far as it is one: the addon looks at it more closely.
 *
 * @param {any} endpoint a URL as text or object, an `AWS.Endpoint`, or an endpoint of aws-sdk v3
 * @param {string} origin the option that it stands in
 * @param {boolean} [isSecure] whether one without a scheme is reached by TLS, `sslEnabled` of aws-sdk v2
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
 * An address without a scheme is reached by TLS, as aws-sdk v2 has it, but for one on the machine
 * itself.
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

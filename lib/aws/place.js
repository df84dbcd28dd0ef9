'use strict';

/** For errors of a called client: the endpoint and region of its requests, and credentials to hide. */

/** Shorter texts are names, such as the key `local` for DynamoDB Local, and are not hidden. */
const SHORTEST_SECRET = 8;

/**
 * Returns the endpoint and region of a client, as far as they can be read.
 *
 * @param {any} client
 * @returns {Promise<{ endpoint?: string, region?: string }>}
 */
async function placeOf(client) {
  try {
    const { config } = client;
    const [endpoint, region] = await Promise.all([
      // v2 has the endpoint on the client, v3 in the settings, once a request was sent.
      client.endpoint ?? config?.endpoint?.(),
      typeof config?.region === 'function' ? config.region() : config?.region,
    ]);
    const { protocol, hostname, port } = endpoint ?? {};
    const host = port ? `${hostname}:${port}` : hostname;
    return {
      endpoint: hostname ? `${protocol}//${host}` : undefined,
      region: typeof region === 'string' ? region : undefined,
    };
  } catch {
    // Any object can be passed as a client. Only the error of the call itself is reported.
    return {};
  }
}

/**
 * Returns the credentials that a client holds at this moment.
 *
 * @param {any} client
 * @returns {Promise<string[]>}
 */
async function secretsOf(client) {
  try {
    const { credentials } = client.config;
    // A v3 client resolves credentials that it holds before the next turn of the event loop. Others are not awaited.
    const held = await Promise.race([
      typeof credentials === 'function' ? credentials() : credentials,
      new Promise((resolve) => setImmediate(resolve)),
    ]);
    const { accessKeyId, secretAccessKey, sessionToken } = held ?? {};
    const secrets = [sessionToken, secretAccessKey, accessKeyId];
    return secrets.filter((each) => typeof each === 'string' && each.length >= SHORTEST_SECRET);
  } catch {
    return [];
  }
}

/**
 * Hides secrets in a text, or in the texts of an array. Returns other values as they are.
 *
 * @template T
 * @param {T} value
 * @param {string[]} secrets
 * @returns {T}
 */
function redact(value, secrets) {
  if (Array.isArray(value)) return /** @type {any} */ (value.map((each) => redact(each, secrets)));
  if (typeof value !== 'string') return value;
  return /** @type {any} */ (
    secrets.reduce((text, secret) => text.replaceAll(secret, '[hidden]'), value)
  );
}

module.exports = { placeOf, redact, secretsOf };

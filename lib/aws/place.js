'use strict';

/** What an error of a called client says of where its requests go, and may not say of its keys. */

/** Shorter texts are no secrets but names, such as the `local` of DynamoDB Local. */
const SHORTEST = 8;

/**
 * Where a client sends its requests, as far as it says so.
 *
 * @param {any} client
 * @returns {Promise<{ endpoint?: string, region?: string }>}
 */
async function placeOf(client) {
  try {
    const { config } = client;
    const [endpoint, region] = await Promise.all([
      // Of v2 it is on the client; of v3 in the settings, where requests have put it.
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
    // Whatever it is that was passed as a client: its own error is the one that counts.
    return {};
  }
}

/**
 * The keys and the token that a client signs with, if it has them at hand.
 *
 * @param {any} client
 * @returns {Promise<string[]>}
 */
async function secretsOf(client) {
  try {
    const { credentials } = client.config;
    // What v3 has at hand comes before the next turn of the event loop. Nothing is waited for.
    const found = await Promise.race([
      typeof credentials === 'function' ? credentials() : credentials,
      new Promise((resolve) => setImmediate(resolve)),
    ]);
    const { accessKeyId, secretAccessKey, sessionToken } = found ?? {};
    const secrets = [sessionToken, secretAccessKey, accessKeyId];
    return secrets.filter((each) => typeof each === 'string' && each.length >= SHORTEST);
  } catch {
    return [];
  }
}

/**
 * A text, or the texts in a list, without secrets.
 *
 * @template T
 * @param {T} value
 * @param {string[]} secrets
 * @returns {T}
 */
function without(value, secrets) {
  if (Array.isArray(value)) return /** @type {any} */ (value.map((each) => without(each, secrets)));
  if (typeof value !== 'string') return value;
  return /** @type {any} */ (
    secrets.reduce((text, secret) => text.replaceAll(secret, '[hidden]'), value)
  );
}

module.exports = { placeOf, secretsOf, without };

'use strict';

/** Makes the options of a store from the flags, the file of `--config` and the environment. */

const { existsSync, readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { extname, resolve } = require('node:path');
const { pathToFileURL } = require('node:url');
const { UsageError } = require('./failure');
const { KEYS_VARIABLE, SECRETS_VARIABLE } = require('./flags');

/** @typedef {'express' | 'koa' | 'shopify'} Kind */

/** The flags that belong to some stores only, with their option: the path of its name. */
const NAMES = {
  express: {
    table: 'table',
    prefix: 'prefix',
    hashKey: 'hashKey',
    identityKeys: 'identityKeys',
    absoluteTtl: 'absoluteTtl',
    index: 'indexes',
    payPerRequest: 'payPerRequest',
    readCapacityUnits: 'readCapacityUnits',
    writeCapacityUnits: 'writeCapacityUnits',
  },
  koa: {
    table: 'table.name',
    hashKey: 'table.hashKey',
    expiresAttribute: 'table.ttlKey',
    identityKeys: 'identityKeys',
    absoluteTtl: 'absoluteTtl',
    index: 'indexes',
    payPerRequest: 'payPerRequest',
    readCapacityUnits: 'table.readCapacityUnits',
    writeCapacityUnits: 'table.writeCapacityUnits',
  },
  shopify: {
    table: 'sessionTableName',
    expiresAttribute: 'expiresTtl',
    shopIndex: 'shopIndexName',
    readCapacityUnits: 'readCapacityUnits',
    writeCapacityUnits: 'writeCapacityUnits',
  },
};

/** The flags that all stores have, under the name of their option. */
const COMMON = ['compress', 'maxSockets', 'operationTimeout', 'tableTimeout'];

/** The settings of a connection. */
const CONNECTION = ['endpoint', 'region', 'profile'];

/**
 * Returns the store's kind and its options.
 *
 * @param {Record<string, any>} flags
 * @param {NodeJS.ProcessEnv} env
 * @param {{ asApplication?: boolean }} [how] `asApplication`: with the options for the creation of the table, too
 * @returns {Promise<{ kind: Kind, options: Record<string, any>, followsTimeToLive?: boolean }>} `followsTimeToLive`: the
 *   application writes the end of sessions to the attribute of the table's time to live, whatever its options say
 */
async function storeOptions(flags, env, { asApplication = false } = {}) {
  const { store, ...given } = flags.config ? await readConfig(flags.config) : {};
  const kind = /** @type {Kind} */ (flags.store ?? store ?? 'express');
  if (!(kind in NAMES)) {
    throw new UsageError(`"store" in ${flags.config} must be express, koa or shopify.`);
  }
  const options = structuredCloneOf(given);
  putFlags(kind, flags, options);
  putConnection(kind, flags, options);
  putSecrets(kind, flags, options, env);
  if (asApplication) return { kind, options };
  // The command neither reaps by itself, nor creates a table that it was not asked to create.
  if (kind === 'express') Object.assign(options, { reapInterval: 0, initialized: true });
  const followsTimeToLive = kind === 'koa' && options.table?.autoCreate === true;
  if (kind === 'koa' && options.table) merge(options, 'table', { autoCreate: false });
  return { kind, options, followsTimeToLive };
}

/**
 * Reads the file of `--config`.
 *
 * @param {string} file
 * @returns {Promise<Record<string, any>>}
 */
async function readConfig(file) {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`The file ${file} of --config does not exist.`);
  let config;
  try {
    config = await load(path);
  } catch (error) {
    // Without the parser's message, which may quote the file: the file may hold a secret.
    const { name } = /** @type {Error} */ (error);
    throw new UsageError(`The file ${file} of --config cannot be loaded (${name}).`);
  }
  const options = config?.default ?? config;
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return options;
  throw new UsageError(
    `The file ${file} of --config must export an object: the options of the store.`,
  );
}

/** @param {string} path */
async function load(path) {
  if (extname(path) === '.json') return JSON.parse(readFileSync(path, 'utf8'));
  if (extname(path) === '.mjs') return import(pathToFileURL(path).href);
  try {
    return createRequire(path)(path);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code !== 'ERR_REQUIRE_ESM' && code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error;
    return import(pathToFileURL(path).href);
  }
}

/** Copies an object, but not the clients and functions in it. @param {Record<string, any>} object */
function structuredCloneOf(object) {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [
      name,
      Object.getPrototypeOf(Object(value)) === Object.prototype ? { ...value } : value,
    ]),
  );
}

/**
 * @param {Kind} kind
 * @param {Record<string, any>} flags
 * @param {Record<string, any>} options
 */
function putFlags(kind, flags, options) {
  /** @type {Record<string, string>} */
  const names = NAMES[kind];
  const all = new Set(Object.values(NAMES).flatMap(Object.keys));
  for (const flag of all) {
    if (flags[flag] === undefined) continue;
    if (names[flag] === undefined) {
      throw new UsageError(`--${kebab(flag)} does not apply to the store for ${kind}.`);
    }
    put(options, names[flag], flags[flag]);
  }
  for (const name of COMMON) if (flags[name] !== undefined) options[name] = flags[name];
}

/**
 * @param {Record<string, any>} options
 * @param {string} path
 * @param {unknown} value
 */
function put(options, path, value) {
  const [name, inner] = path.split('.');
  if (inner) merge(options, name, { [inner]: value });
  else options[name] = value;
}

/**
 * Sets parts of an option. A value that is no object is left as it is: the store refuses it.
 *
 * @param {Record<string, any>} options
 * @param {string} name
 * @param {Record<string, any>} parts
 */
function merge(options, name, parts) {
  const given = options[name] ?? {};
  if (typeof given === 'object' && !Array.isArray(given)) options[name] = { ...given, ...parts };
}

/**
 * @param {Kind} kind
 * @param {Record<string, any>} flags
 * @param {Record<string, any>} options
 */
function putConnection(kind, flags, options) {
  const set = CONNECTION.filter((name) => flags[name] !== undefined);
  if (set.length === 0) return;
  const [first] = set;
  const name = kind === 'shopify' ? 'config' : 'dynamoConfig';
  const other = ['client', 'AWSConfigPath', 'AWSConfigJSON'].find((each) => options[each]);
  if (other) {
    throw new UsageError(`--${first} cannot be used together with "${other}" in ${flags.config}.`);
  }
  const region = options.AWSRegion;
  delete options.AWSRegion;
  if (region && options[name]?.region === undefined) merge(options, name, { region });
  merge(options, name, Object.fromEntries(set.map((each) => [each, flags[each]])));
}

/**
 * @param {Kind} kind
 * @param {Record<string, any>} flags
 * @param {Record<string, any>} options
 * @param {NodeJS.ProcessEnv} env
 */
function putSecrets(kind, flags, options, env) {
  const keys = secretsIn(env, KEYS_VARIABLE);
  if (keys) merge(options, 'encryption', { keys });
  if (options.encryption && flags.encryptionWrite === false) {
    merge(options, 'encryption', { write: false });
  }
  if (kind === 'shopify') return;
  const secret = secretsIn(env, SECRETS_VARIABLE);
  if (secret) merge(options, 'hashIds', { secret });
  if (!options.hashIds) {
    const flag = flags.hashIdsMigrate ? 'hash-ids-migrate' : 'no-hash-ids-write';
    if (flags.hashIdsMigrate || flags.hashIdsWrite === false) {
      throw new UsageError(`--${flag} needs the variable ${SECRETS_VARIABLE}.`);
    }
    return;
  }
  if (flags.hashIdsMigrate) merge(options, 'hashIds', { migrate: true });
  if (flags.hashIdsWrite === false) merge(options, 'hashIds', { write: false });
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} name
 */
function secretsIn(env, name) {
  const secrets = env[name]?.split(',').map((each) => each.trim());
  return secrets?.some((each) => each !== '') ? secrets : undefined;
}

/** @param {string} name */
function kebab(name) {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

module.exports = { storeOptions };

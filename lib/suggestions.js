'use strict';

/** Suggests a known option for an unknown one. Loaded only if an option is unknown. */

const { ALL_SETTINGS, HTTP_SETTINGS } = require('./aws/setting-names');
const { EXPRESS, KOA, KOA_TABLE, SHOPIFY } = require('./option-names');

/**
 * The options of one object: the path of the object, and the names of its options.
 *
 * @typedef {{ path: string, names: Iterable<string> }} OptionGroup
 */

/** Returns the settings of a connection, for the option that holds them. */
const settings = (/** @type {string} */ path) => [
  { path: `${path}.`, names: ALL_SETTINGS },
  { path: `${path}.httpOptions.`, names: HTTP_SETTINGS },
];

/** The options of each store, by the name of the store. */
const stores = {
  Express: [{ path: '', names: EXPRESS }, ...settings('dynamoConfig')],
  Koa: [
    { path: '', names: KOA },
    { path: 'table.', names: KOA_TABLE },
    ...settings('dynamoConfig'),
  ],
  Shopify: [{ path: '', names: SHOPIFY }, ...settings('config')],
};

/** @typedef {keyof typeof stores} StoreName */

/**
 * Options with the same meaning: their names in each store, and in other packages, AWS and cookies (`others`).
 *
 * @type {(Partial<Record<StoreName, string>> & { others: string[] })[]}
 */
const SYNONYMS = [
  {
    Express: 'table',
    Koa: 'table.name',
    Shopify: 'sessionTableName',
    others: ['tableName'],
  },
  {
    Express: 'timeToLive',
    Koa: 'table.useTtlExpired',
    Shopify: 'expiresTtl',
    others: ['useTtlExpired'],
  },
  {
    Express: 'payPerRequest',
    Koa: 'payPerRequest',
    others: ['billingMode', 'onDemand', 'table.billingMode', 'table.payPerRequest'],
  },
  { Express: 'ttl', Koa: 'ttl', others: ['maxAge', 'expiration', 'sessionTtl', 'table.maxAge'] },
  { Express: 'dynamoConfig', Koa: 'dynamoConfig', Shopify: 'config', others: [] },
];

/**
 * Returns a sentence with a suggestion for an unknown option; an empty text if no option is similar.
 *
 * @param {string} path the unknown option with its path, such as `dynamoConfig.regoin`
 * @param {ReadonlySet<string>} known the known names in the same object
 * @param {StoreName} [store] not set for the settings of an SDK, which are the same for all stores
 */
function suggestion(path, known, store) {
  const own = { path: path.slice(0, -lastPart(path).length), names: known };
  const groups = store ? [own, ...stores[store]] : [own];
  const suggested = (store && synonym(path, store)) ?? nearest(path, groups);
  if (suggested) return `Did you mean "${suggested}"?`;
  const owner = Object.entries(stores).find(([, others]) =>
    others.some((group) => [...group.names].some((name) => group.path + name === path)),
  );
  return owner ? `It is an option of the ${owner[0]} store.` : '';
}

/**
 * Returns the name that a store has for an option of another store or package.
 *
 * @param {string} path
 * @param {StoreName} store
 */
function synonym(path, store) {
  const isPath = (/** @type {string} */ name) => normalized(name) === normalized(path);
  const synonyms = SYNONYMS.find(({ others, ...names }) =>
    [...others, ...Object.values(names)].some(isPath),
  );
  const own = synonyms?.[store];
  return own !== undefined && !isPath(own) ? own : undefined;
}

/**
 * Returns the known option with the most similar name. Among equally similar names, an option in the same object comes
 * first.
 *
 * @param {string} path
 * @param {OptionGroup[]} groups
 */
function nearest(path, groups) {
  const name = lastPart(path);
  const own = path.slice(0, -name.length);
  const all = groups.flatMap((group) =>
    [...group.names].map((known) => ({
      path: group.path + known,
      distance: distance(normalized(name), normalized(known)),
      isElsewhere: Number(group.path !== own),
    })),
  );
  const maxDistance = Math.max(1, Math.floor(name.length / 4));
  const [best] = all
    .filter((each) => each.distance <= maxDistance && each.path !== path)
    .sort((one, other) => one.distance - other.distance || one.isElsewhere - other.isElsewhere);
  return best?.path;
}

/** @param {string} path */
function lastPart(path) {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** Ignores case, hyphens and underscores. @param {string} name */
function normalized(name) {
  return name.toLowerCase().replace(/[-_]/g, '');
}

/**
 * The edit distance of two texts: how many letters must be added, removed, replaced or swapped with the next letter.
 *
 * @param {string} one
 * @param {string} other
 */
function distance(one, other) {
  /** @type {number[]} */
  let before = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1];
      const isSwapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      next[column] = Math.min(
        last[column] + 1,
        next[column - 1] + 1,
        last[column - 1] + (isSame ? 0 : 1),
        isSwapped ? before[column - 2] + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = last;
    last = next;
  }
  return last[other.length];
}

module.exports = { suggestion };

'use strict';

/** What a user meant by an option that is not known. Loaded when there is one. */

const { KNOWN_ANYWHERE, KNOWN_HTTP } = require('./aws/setting-names');
const { EXPRESS, KOA, KOA_TABLE, SHOPIFY } = require('./option-names');

/**
 * A place that options stand in: the path before their names, and the names.
 *
 * @typedef {{ path: string, names: Iterable<string> }} Place
 */

/** The settings that both AWS SDKs and this package have one place for. */
const settings = (/** @type {string} */ path) => [
  { path: `${path}.`, names: KNOWN_ANYWHERE },
  { path: `${path}.httpOptions.`, names: KNOWN_HTTP },
];

/** All places of each store's options, by the name of the store. */
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
 * What the stores call the same thing, and what other packages, AWS and cookies call it.
 *
 * @type {(Partial<Record<StoreName, string>> & { others: string[] })[]}
 */
const SAME = [
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
 * A sentence that helps whoever has set an option that is not known; empty where there is none.
 *
 * @param {string} path the option with what it is in, such as `dynamoConfig.regoin`
 * @param {ReadonlySet<string>} known the names that are known where it is
 * @param {StoreName} [store] nothing for the settings of an SDK, which are the same for all stores
 */
function suggestion(path, known, store) {
  const own = { path: path.slice(0, -lastOf(path).length), names: known };
  const places = store ? [own, ...stores[store]] : [own];
  const meant = (store && sameElsewhere(path, store)) ?? nearest(path, places);
  if (meant) return `Did you mean "${meant}"?`;
  const owner = Object.entries(stores).find(([, others]) =>
    others.some((place) => [...place.names].some((name) => place.path + name === path)),
  );
  return owner ? `It is an option of the ${owner[0]} store.` : '';
}

/**
 * What a store calls an option of another one.
 *
 * @param {string} path
 * @param {StoreName} store
 */
function sameElsewhere(path, store) {
  const isIt = (/** @type {string} */ name) => plain(name) === plain(path);
  const same = SAME.find(({ others, ...names }) => [...others, ...Object.values(names)].some(isIt));
  const own = same?.[store];
  return own !== undefined && !isIt(own) ? own : undefined;
}

/**
 * The known option that a path is most like: the same name in another place or spelling, else one
 * with few letters of difference, in the same place if it can be.
 *
 * @param {string} path
 * @param {Place[]} places
 */
function nearest(path, places) {
  const name = lastOf(path);
  const own = path.slice(0, -name.length);
  const all = places.flatMap((place) =>
    [...place.names].map((known) => ({
      path: place.path + known,
      distance: distance(plain(name), plain(known)),
      isElsewhere: Number(place.path !== own),
    })),
  );
  const most = Math.max(1, Math.floor(name.length / 4));
  const [best] = all
    .filter((each) => each.distance <= most && each.path !== path)
    .sort((one, other) => one.distance - other.distance || one.isElsewhere - other.isElsewhere);
  return best?.path;
}

/** @param {string} path */
function lastOf(path) {
  return path.slice(path.lastIndexOf('.') + 1);
}

/** A name without what people write differently. @param {string} name */
function plain(name) {
  return name.toLowerCase().replace(/[-_]/g, '');
}

/**
 * How many letters to add, remove, replace or swap with the next one make one text of another.
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

'use strict';

/** The options that change the stored form of sessions, or store more beside them. */

const { newSecret } = require('./hashed-ids');

/** The options of all stores. */
const forms = {
  compress: { compress: { threshold: 1 } },
  encryption: { encryption: { keys: [Buffer.alloc(32, 7)] } },
};

/** The options of the stores that keep web sessions. */
const web = {
  ...forms,
  hashIds: { hashIds: { secret: [newSecret(), newSecret('o')], migrate: true } },
  marks: {
    absoluteTtl: 30 * 86_400_000,
    indexes: { user: { value: 'user', label: () => 'a device' } },
  },
};

/** All options of a set at once. */
const together = (sets) => Object.assign({}, ...Object.values(sets));

/**
 * Ways to DynamoDB, each without the options and with all of them, and one way with each option.
 *
 * @param {Record<string, (endpoint: string) => object>} ways
 * @param {Record<string, object>} sets
 * @returns {{ name: string, way: string, connection: (endpoint: string) => object, options: any }[]}
 */
function waysWithOptions(ways, sets) {
  const [first] = Object.entries(ways);
  const withOptions = (/** @type {[string, any]} */ [way, connection], name, options) => ({
    name: name ? `${way}, with ${name}` : way,
    way,
    connection,
    options,
  });
  return [
    ...Object.entries(ways).flatMap((way) => [
      withOptions(way, '', {}),
      withOptions(way, 'all options', together(sets)),
    ]),
    ...Object.entries(sets).map(([name, options]) => withOptions(first, name, options)),
  ];
}

module.exports = { forms, waysWithOptions, web };

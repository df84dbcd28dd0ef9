'use strict';

/** The options of a store for express-session. */

const { invalidArgument } = require('./errors');
const { EXPRESS } = require('./option-names');
const { option, optionsObject, readCapacity, readTime, warnOfUnknown } = require('./options');
const { DEFAULTS, readWebOptions } = require('./store.options');

/** @import { SpecialKeyOption } from '../native/binding' */

/** @param {Record<string, any>} options */
function readOptions(options) {
  warnOfUnknown(options, EXPRESS, undefined, 'Express');
  const { native, ...web } = readWebOptions(options);
  return {
    native: {
      ...native,
      table: option(options, 'table', 'string') ?? 'sessions',
      hashKey: option(options, 'hashKey', 'string') ?? 'id',
      prefix: option(options, 'prefix', 'string') ?? 'sess:',
      specialKeys: readSpecialKeys(options),
      skipThrowMissingSpecialKeys:
        option(options, 'skipThrowMissingSpecialKeys', 'boolean') ?? false,
      readCapacityUnits: readCapacity(options, 'readCapacityUnits') ?? DEFAULTS.capacityUnits,
      writeCapacityUnits: readCapacity(options, 'writeCapacityUnits') ?? DEFAULTS.capacityUnits,
      timeToLive: option(options, 'timeToLive', 'boolean') ?? true,
    },
    ...web,
    initialized: option(options, 'initialized', 'boolean') ?? false,
    reapInterval: readTime(options, 'reapInterval', 0) ?? 0,
  };
}

/**
 * @param {Record<string, any>} options
 * @returns {SpecialKeyOption[]}
 */
function readSpecialKeys(options) {
  const keys = option(options, 'specialKeys', 'array') ?? [];
  const read = keys.map((/** @type {unknown} */ key, /** @type {number} */ index) => {
    const owner = `specialKeys[${index}]`;
    const each = optionsObject(key, `option "${owner}"`);
    const [name, type] = ['name', 'type'].map((part) => option(each, part, 'string', owner));
    if (name === undefined) throw invalidArgument(`option "${owner}.name" is missing`);
    if (type === undefined) throw invalidArgument(`option "${owner}.type" is missing`);
    return Object.freeze({ name, type });
  });
  return /** @type {any} */ (Object.freeze(read));
}

module.exports = { readOptions };

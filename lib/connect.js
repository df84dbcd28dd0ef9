'use strict';

/** The store for express-session as a class on the `Store` of the application's session module. */

const { SessionStoreError, invalidArgument } = require('./errors');
const { storeClass } = require('./express');

/** The class for each `Store`. @type {WeakMap<Function, Function>} */
const classes = new WeakMap();

/**
 * The class `DynamoDBStore` as a subclass of a session module's `Store`.
 *
 * @param {any} module express-session; or an object that has it, or a `Store`, as a property:
 *   `{ session }`, Connect, Express 3
 * @returns {any} the same class for the same `Store`
 * @throws {TypeError} if there is no `Store`
 */
function connect(module) {
  const Store = module?.Store ?? module?.session?.Store;
  if (typeof Store !== 'function') {
    throw invalidArgument(
      'the argument of connect() must be express-session, or an object with express-session as "session"',
    );
  }
  const known = classes.get(Store);
  if (known) return known;
  const made = storeClass(Store);
  classes.set(Store, made);
  return made;
}

/** The store on the express-session of the application; made when it is first asked for. */
function storeOnExpressSession() {
  let session;
  try {
    session = require('express-session');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'MODULE_NOT_FOUND') throw error;
    return storeWithoutExpressSession(error);
  }
  return connect(session);
}

/**
 * What stands for the store where there is no express-session. The error comes when a store is made
 * of it: in an ES module, one that comes earlier would be lost, and leave `undefined` to the user.
 *
 * @param {unknown} cause
 */
function storeWithoutExpressSession(cause) {
  const message =
    'DynamoDBStore needs express-session, but dynamo-session-store cannot find it: install it. ' +
    'If it is in a bundle, or if the application uses another session package, pass that package: ' +
    "const DynamoDBStore = require('dynamo-session-store')(require('express-session'))";
  return class DynamoDBStore {
    constructor() {
      throw Object.assign(new Error(message, { cause }), { code: 'MODULE_NOT_FOUND' });
    }
  };
}

module.exports = {
  SessionStoreError,
  connect,
  get DynamoDBStore() {
    return storeOnExpressSession();
  },
};

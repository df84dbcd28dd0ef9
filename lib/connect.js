'use strict';

/** Makes the class `DynamoDBStore`, a subclass of the `Store` of the application's session module. */

const { CHANNELS } = require('./channels');
const { SessionStoreError, invalidArgument } = require('./errors');
const { storeClass } = require('./express');

/** The `DynamoDBStore` classes, by their `Store`. @type {WeakMap<Function, Function>} */
const classes = new WeakMap();

/**
 * Returns the class `DynamoDBStore` as a subclass of a session module's `Store`.
 *
 * @param {any} module express-session, or an object with the property `session` or `Store`: `{ session }`,
 *   Connect, Express 3
 * @returns {any} the same class for the same `Store`
 * @throws {TypeError} if the module has no `Store`
 */
function connect(module) {
  const Store = module?.Store ?? module?.session?.Store;
  if (typeof Store !== 'function') {
    throw invalidArgument(
      'the argument of connect() must be express-session, or an object with express-session as "session"',
    );
  }
  let DynamoDBStore = classes.get(Store);
  if (!DynamoDBStore) {
    DynamoDBStore = storeClass(Store);
    classes.set(Store, DynamoDBStore);
  }
  return DynamoDBStore;
}

/** Returns the class on the application's express-session. */
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
 * If express-session is not installed, returns a class whose constructor throws. An error on access to the
 * class would be lost in an ES module: the user's import would be `undefined`.
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
  CHANNELS,
  SessionStoreError,
  connect,
  get DynamoDBStore() {
    return storeOnExpressSession();
  },
};

'use strict';

if (!('isWellFormed' in String.prototype)) require('./lib/node-version');

const store = require('./lib/connect');

module.exports = store.connect;
module.exports.SessionStoreError = store.SessionStoreError;
module.exports.CHANNELS = store.CHANNELS;
// Node recognizes a getter in this form, so that `import { DynamoDBStore }` works too.
Object.defineProperty(module.exports, 'DynamoDBStore', {
  enumerable: true,
  get() {
    return store.DynamoDBStore;
  },
});

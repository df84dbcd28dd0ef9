'use strict';

if (!('isWellFormed' in String.prototype)) require('./lib/node-version');

const express = require('./lib/connect');

module.exports = express.connect;
module.exports.SessionStoreError = express.SessionStoreError;
// Node recognizes a getter in this form, so that `import { DynamoDBStore }` works too.
Object.defineProperty(module.exports, 'DynamoDBStore', {
  enumerable: true,
  get() {
    return express.DynamoDBStore;
  },
});

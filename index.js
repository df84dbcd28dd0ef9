'use strict';

if (!('isWellFormed' in String.prototype)) require('./lib/node-version');

const express = require('./lib/connect');

module.exports = express.connect;
module.exports.SessionStoreError = express.SessionStoreError;
// In this form Node finds the name for `import { DynamoDBStore }` as well.
Object.defineProperty(module.exports, 'DynamoDBStore', {
  enumerable: true,
  get() {
    return express.DynamoDBStore;
  },
});

'use strict';

const { connect } = require('./lib/express');
const { SessionStoreError } = require('./lib/errors');

module.exports = connect;
module.exports.SessionStoreError = SessionStoreError;
// Made when first asked for: express-session is no dependency of those who use `connect`.
Object.defineProperty(module.exports, 'DynamoDBStore', {
  enumerable: true,
  get() {
    return connect(require('express-session'));
  },
});

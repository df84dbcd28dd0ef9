'use strict';

if (!('isWellFormed' in String.prototype)) require('./lib/node-version');

const DynamoDBStore = require('./lib/koa');
const errors = require('./lib/errors');

module.exports = DynamoDBStore;
module.exports.DynamoDBStore = DynamoDBStore;
module.exports.SessionStoreError = errors.SessionStoreError;
// It is a static property already; Node recognizes the export in this form.
module.exports.CHANNELS = DynamoDBStore.CHANNELS;

'use strict';

if (!('isWellFormed' in String.prototype)) require('./lib/node-version');

const channels = require('./lib/channels');
const DynamoDBStore = require('./lib/koa');
const errors = require('./lib/errors');

module.exports = DynamoDBStore;
module.exports.DynamoDBStore = DynamoDBStore;
module.exports.SessionStoreError = errors.SessionStoreError;
module.exports.CHANNELS = channels.CHANNELS;

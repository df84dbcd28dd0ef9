'use strict';

if (!('isWellFormed' in String.prototype)) require('./lib/node-version');

const errors = require('./lib/errors');
const { CHANNELS, storageClass } = require('./lib/shopify');

exports.DynamoDBSessionStorage = storageClass(() => require('@shopify/shopify-api').Session);
exports.SessionStoreError = errors.SessionStoreError;
exports.CHANNELS = CHANNELS;

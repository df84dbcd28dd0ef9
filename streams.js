'use strict';

if (!('isWellFormed' in String.prototype)) require('./lib/node-version');

const { readStreamRecord } = require('./lib/streams');

exports.readStreamRecord = readStreamRecord;

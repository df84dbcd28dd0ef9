'use strict';

/**
 * aws-sdk v2 with its client for DynamoDB alone. `require('aws-sdk')` also loads the clients of three hundred other
 * services, which takes Jest half a second for each test file.
 */

const AWS = require('aws-sdk/global');
// Adds itself to `AWS`.
require('aws-sdk/clients/dynamodb');

module.exports = AWS;

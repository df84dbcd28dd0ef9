'use strict';

/** Tables as the Koa store has them. */

const { newTable } = require('./dynamodb');

/** A table for Koa's items; provisioned with 7 and 7, unless told otherwise. */
const newKoaTable = (table) =>
  newTable({
    hashKey: 'sessionId',
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 7, WriteCapacityUnits: 7 },
    ...table,
  });

module.exports = { newKoaTable };

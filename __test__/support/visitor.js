'use strict';

/**
 * A process of its own with an Express app: `node visitor.js <table>`. Tells its
 * parent the port; ends when told to.
 */

const express = require('express');
const { DynamoDBStore } = require('../..');
const { dynamoConfig } = require('./dynamodb');
const { newApp } = require('./express-app');

const [table] = process.argv.slice(2);
const store = new DynamoDBStore({ table, dynamoConfig: dynamoConfig() });
const server = newApp(express, store).listen(0, '127.0.0.1', () => {
  process.send({ port: server.address().port });
});
process.on('message', async () => {
  server.close();
  server.closeAllConnections();
  await store.close();
  process.disconnect();
});

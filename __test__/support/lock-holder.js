'use strict';

/** Holds the lock of a session until the process is killed: `node lock-holder.js <table> <sid>`. Prints the token. */

const { DynamoDBStore } = require('../..');
const { dynamoConfig } = require('./dynamodb');

const [table, sid] = process.argv.slice(2);
const store = new DynamoDBStore({ table, initialized: true, dynamoConfig: dynamoConfig() });
store.withLock(sid, { lease: 1000 }, ({ token }) => {
  process.stdout.write(`${token}\n`);
  return new Promise(() => {
    setInterval(() => {}, 1000);
  });
});

'use strict';

/** Stores and stubs of a test file, closed and stopped after each test. */

const { dynamoConfig } = require('./dynamodb');
const { startStub } = require('./stub-dynamodb');

/**
 * @param {new (options: any) => any} Store
 * @param {object} [defaults] options that every store gets, unless a test says otherwise
 */
function storesOf(Store, defaults) {
  const stores = [];
  const stubs = [];

  /** Has `store` closed after the test. */
  function keep(store) {
    stores.push(store);
    return store;
  }

  /** A store on the real DynamoDB. */
  function newStore(options) {
    return keep(new Store({ dynamoConfig: dynamoConfig(), ...defaults, ...options }));
  }

  /** A DynamoDB that answers as `answer` says, and settings that lead to it. */
  async function newStub(answer) {
    const stub = await startStub(answer);
    stubs.push(stub);
    return { stub, config: { ...dynamoConfig(), endpoint: stub.endpoint } };
  }

  /** A store on a DynamoDB that answers as `answer` says. */
  async function newStubbed(answer, options) {
    const { stub, config } = await newStub(answer);
    return { stub, store: newStore({ dynamoConfig: config, ...options }) };
  }

  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await Promise.all(stubs.splice(0).map((stub) => stub.stop()));
  });

  return { keep, newStore, newStub, newStubbed };
}

module.exports = { storesOf };

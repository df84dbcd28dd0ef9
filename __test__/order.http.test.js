'use strict';

/** An application that does not wait for `save()` before it calls `destroy()`. */

const { once } = require('node:events');
const { setImmediate: turn } = require('node:timers/promises');
const { promisify } = require('node:util');
const expressPackage = require('express');
const request = require('supertest');
const { DynamoDBStore } = require('..');
const { newApp } = require('./support/express-app');
const { startMemory } = require('./support/memory-dynamodb');
const { native, unmerged } = require('./support/order');

test.each([
  ['with batches', 300, native],
  ['without batches', 100, unmerged],
])('nobody is logged in after save() and then destroy(), %s', async (_way, rounds, optionsFor) => {
  const memory = await startMemory();
  const store = new DynamoDBStore({ ...optionsFor(memory.endpoint), initialized: true });
  const app = newApp(expressPackage, store);
  app.post('/in-and-out/:turns', async ({ session, params }, response) => {
    session.user = 'ann';
    const saved = promisify(session.save).call(session);
    for (let waited = 0; waited < Number(params.turns); waited += 1) await turn();
    await Promise.all([saved, promisify(session.destroy).call(session)]);
    response.json({});
  });
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  let stillLoggedIn = 0;
  for (let round = 0; round < rounds; round += 1) {
    await request(server)
      .post(`/in-and-out/${1 + (round % 2)}`)
      .expect(200);
    stillLoggedIn += memory.items.size;
    memory.items.clear();
  }
  server.close();
  server.closeAllConnections();
  await store.close();
  await memory.stop();
  expect(stillLoggedIn).toBe(0);
});

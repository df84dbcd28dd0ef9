'use strict';

/** Fake timers of a test stop no call. */

const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { startMemory } = require('./support/memory-dynamodb');
const { native } = require('./support/order');

let memory;
let store;

afterEach(async () => {
  jest.useRealTimers();
  await store.close();
  await memory.stop();
});

const fakes = {
  'fake timers': undefined,
  'fake timers of everything': { doNotFake: [] },
  'legacy fake timers': { legacyFakeTimers: true },
};

const express = async (options) => {
  memory = await startMemory();
  return () => new DynamoDBStore({ ...native(memory.endpoint), ...options });
};
const koa = async (table) => {
  memory = await startMemory({ hashKey: 'sessionId' });
  return () => new KoaStore({ ...native(memory.endpoint), table });
};

describe.each(Object.entries(fakes))('with %s', (_name, fake) => {
  test.each([
    ['of a table that is there', { initialized: true }],
    ['that wait for the table', {}],
    ['without batches', { initialized: true, batch: false }],
  ])('the calls of Express %s finish', async (_calls, options) => {
    const open = await express(options);
    jest.useFakeTimers(fake);
    store = open();
    expect(await store.get('sid')).toBeNull();
    await store.set('sid', { number: 1 });
    expect(await store.get('sid')).toMatchObject({ number: 1 });
    expect(await store.touch('sid', {})).toEqual({ expires: expect.any(Number) });
    await store.destroy('sid');
    expect(await store.get('sid')).toBeNull();
  });

  test('calls that are made at the same time finish, with callbacks too', async () => {
    const open = await express({});
    jest.useFakeTimers(fake);
    store = open();
    const sids = Array.from({ length: 50 }, (_, index) => `sid${index}`);
    await Promise.all(sids.map((sid) => store.set(sid, { sid })));
    const found = sids.map(
      (sid) =>
        new Promise((resolve, reject) => {
          store.get(sid, (error, session) => (error ? reject(error) : resolve(session.sid)));
        }),
    );
    expect(await Promise.all(found)).toEqual(sids);
  });

  test('a store that was opened before finishes its calls', async () => {
    const open = await express({});
    store = open();
    await store.set('sid', { number: 1 });
    jest.useFakeTimers(fake);
    expect(await store.get('sid')).toMatchObject({ number: 1 });
  });

  test.each([
    ['of a table that is there', {}],
    ['that wait for the table', { autoCreate: true, useTtlExpired: false }],
  ])('the calls of Koa %s finish', async (_calls, table) => {
    const open = await koa(table);
    jest.useFakeTimers(fake);
    store = open();
    await store.set('sid', { number: 1 }, 60_000);
    expect(await store.get('sid')).toMatchObject({ number: 1 });
    await store.destroy('sid');
    expect(await store.get('sid')).toBeUndefined();
  });
});

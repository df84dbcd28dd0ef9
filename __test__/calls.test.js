'use strict';

/** Many calls at a time: what is merged, and how outcomes come back. */

const { AsyncLocalStorage } = require('node:async_hooks');
const { execFile, fork } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const { DynamoDBSessionStorage } = require('../shopify');
const { newTable } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { refusal } = require('./support/stub-dynamodb');
const { Contexts } = require('../lib/aws/contexts');

const script = join(__dirname, 'support', 'many-calls.js');

const express = storesOf(DynamoDBStore, { initialized: true });
const koa = storesOf(KoaStore);

const sids = Array.from({ length: 30 }, (_, index) => `sid${index}`);

/** The operations that a stub was asked for, each once. */
const asked = (stub) => [...new Set(stub.calls.map(({ operation }) => operation))].sort();

/** Answers as a DynamoDB with an empty table. */
const empty = () => ({});

describe('merging', () => {
  const ways = {
    express: async (options) => {
      const { stub, store } = await express.newStubbed(empty, options);
      const get = (sid) => store.get(sid);
      return { stub, get, set: (sid) => store.set(sid, {}) };
    },
    koa: async (options) => {
      const { stub, store } = await koa.newStubbed(empty, options);
      const get = (sid) => store.get(sid);
      return { stub, get, set: (sid) => store.set(sid, {}) };
    },
    shopify: async (options) => {
      const { stub, config } = await express.newStub(empty);
      const { region, endpoint, accessKeyId, secretAccessKey } = config;
      const credentials = { accessKeyId, secretAccessKey };
      const given = { config: { region, endpoint, credentials }, ...options };
      const storage = express.keep(new DynamoDBSessionStorage(given));
      const get = (id) => storage.loadSession(id);
      return { stub, get, set: (id) => storage.storeSession({ id, shop: 'a' }) };
    },
  };

  describe.each(Object.entries(ways))('of %s', (_name, open) => {
    test.each([
      [{}, ['BatchGetItem', 'BatchWriteItem']],
      [{ batch: true, batchThreshold: 1 }, ['BatchGetItem', 'BatchWriteItem']],
      [{ batch: false }, ['GetItem', 'PutItem']],
      [{ transport: 'client' }, ['GetItem', 'PutItem']],
    ])('%p sends %p', async (options, expected) => {
      const { stub, get, set } = await open(options);
      await Promise.all(sids.map(get));
      await Promise.all(sids.map(set));
      expect(asked(stub)).toEqual(expected);
    });

    test('calls that come one after the other are not merged', async () => {
      const { stub, get, set } = await open({});
      for (const sid of sids.slice(0, 3)) {
        await get(sid);
        await set(sid);
      }
      expect(asked(stub)).toEqual(['GetItem', 'PutItem']);
    });

    test.each([
      ['batch', 1],
      ['batchThreshold', 0],
      ['batchThreshold', 1.5],
      ['batchThreshold', '16'],
    ])('a wrong %s is a TypeError: %p', async (name, value) => {
      await expect(open({ [name]: value })).rejects.toThrow(TypeError);
      await expect(open({ [name]: value })).rejects.toThrow(`option "${name}" `);
    });
  });

  test('on the real DynamoDB gives each caller its own session', async () => {
    const store = express.newStore({ table: await newTable() });
    await Promise.all(sids.map((sid) => store.set(sid, { sid })));
    const found = await Promise.all(sids.map((sid) => store.get(sid)));
    expect(found).toEqual(sids.map((sid) => ({ sid })));
    await Promise.all(sids.slice(1).map((sid) => store.destroy(sid)));
    const [first, ...others] = await Promise.all(sids.map((sid) => store.get(sid)));
    expect(first).toEqual({ sid: sids[0] });
    expect(others.every((session) => session === null)).toBe(true);
  });

  test('a set and what follows it on the same session keep their order', async () => {
    const store = express.newStore({ table: await newTable() });
    const [, before, , after] = await Promise.all([
      store.set('ann', { visits: 1 }),
      store.get('ann'),
      store.destroy('ann'),
      store.get('ann'),
    ]);
    expect([before, after]).toEqual([{ visits: 1 }, null]);
  });

  test('a role without batches is served with single requests', async () => {
    const { stub, store } = await express.newStubbed(({ operation }) =>
      operation.startsWith('Batch') ? refusal('AccessDeniedException') : {},
    );
    for (let round = 0; round < 3; round += 1) {
      await Promise.all(sids.map((sid) => store.get(sid)));
    }
    expect(stub.count('BatchGetItem')).toBe(1);
    expect(stub.count('GetItem')).toBe(90);
  });
});

describe('outcomes', () => {
  test('reach each its own caller, failures among them', async () => {
    const { store } = await express.newStubbed(
      ({ body }) => {
        const sid = body.Key.id.S.slice('sess:'.length);
        if (sid.endsWith('3')) return refusal('ValidationException', sid);
        return { body: { Item: { ...body.Key, sess: { S: JSON.stringify({ sid }) } } } };
      },
      { batch: false },
    );
    const outcomes = await Promise.allSettled(sids.map((sid) => store.get(sid)));
    for (const [index, outcome] of outcomes.entries()) {
      const sid = sids[index];
      if (sid.endsWith('3')) {
        expect(outcome.reason).toMatchObject({ code: 'ValidationException', message: sid });
      } else {
        expect(outcome.value).toEqual({ sid });
      }
    }
  });

  test('are delivered in the asynchronous context of their call', async () => {
    const { store } = await express.newStubbed(empty);
    const context = new AsyncLocalStorage();
    const seen = sids.map(
      (sid) =>
        new Promise((resolve) => {
          context.run(sid, () => store.get(sid, () => resolve(context.getStore())));
        }),
    );
    expect(await Promise.all(seen)).toEqual(sids);
  });

  test('of calls on a closed store are failures', async () => {
    const store = express.newStore({ table: 'sessions' });
    store.close();
    const outcomes = await Promise.allSettled(sids.map((sid) => store.get(sid)));
    const codes = new Set(outcomes.map(({ reason }) => reason.code));
    expect([...codes]).toEqual(['ERR_SESSION_CLOSED']);
  });

  test('of calls under way reach their callers although the store is closed', async () => {
    const { store } = await express.newStubbed(empty);
    const calls = sids.map((sid) => store.get(sid));
    store.close();
    expect(await Promise.all(calls)).toEqual(sids.map(() => null));
  });
});

describe('the process', () => {
  test('lives as long as calls are under way, and no longer', async () => {
    const { stub, config } = await express.newStub(empty);
    const args = [script, 'wait', stub.endpoint, JSON.stringify(config)];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).toBe('100 outcomes\n');
  });

  test('gets what a callback throws, and the other callbacks are called', async () => {
    const { stub, config } = await express.newStub(empty);
    const child = fork(script, ['throw', stub.endpoint, JSON.stringify(config)]);
    const exit = once(child, 'exit');
    const [message] = await once(child, 'message');
    const thrown = { uncaughtException: 50, unhandledRejection: 0 };
    expect(message).toEqual({ called: 100, thrown });
    expect(await exit).toEqual([0, null]);
  });
});

test('a call that is not made leaves its context, and is forgotten', async () => {
  const entered = [];
  const native = {
    enter: (context) => entered.push(context),
    list() {
      throw new Error('not taken');
    },
  };
  const contexts = new Contexts({ native });
  expect(() => contexts.native.list()).toThrow('not taken');
  expect(entered).toEqual([expect.any(Number), 0]);
  await contexts.whenIdle();
});

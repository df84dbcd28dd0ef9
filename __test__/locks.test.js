'use strict';

/** `withLock`: one caller at a time, in any process; what becomes of a lock whose holder fails or dies. */

const { spawn } = require('node:child_process');
const { getEventListeners, once } = require('node:events');
const { join } = require('node:path');
const { DynamoDBStore } = require('..');
const KoaStore = require('../koa');
const {
  dynamoConfig,
  getItem,
  items,
  newTable,
  putItem,
  seconds,
  setExpires,
} = require('./support/dynamodb');
const { startProxy } = require('./support/proxy-dynamodb');
const { storesOf } = require('./support/stores');

const program = join(__dirname, 'support', 'lock-holder.js');

let table;
let proxy;
beforeAll(async () => {
  table = await newTable();
  proxy = await startProxy();
});
afterAll(() => proxy.stop());
beforeEach(() => {
  proxy.operations();
  proxy.hooks.before = () => {};
  proxy.hooks.loses = () => false;
});

/** The class with nothing of what the others of this process know: as in another process. */
function ofAnotherProcess(path, name) {
  let Store;
  jest.isolateModules(() => {
    const exported = require(path);
    Store = name ? exported[name] : exported;
  });
  return Store;
}

const KINDS = {
  Express: {
    Store: DynamoDBStore,
    path: '..',
    name: 'DynamoDBStore',
    options: () => ({ table, initialized: true }),
  },
  Koa: {
    Store: KoaStore,
    path: '../koa',
    options: () => ({ table: { name: table, hashKey: 'id' } }),
  },
};

let count = 0;
const newSid = () => `sid-${++count}-${Math.random()}`;

describe.each(Object.entries(KINDS))('%s:', (framework, { Store, path, name, options }) => {
  const { newStore, keep } = storesOf(Store);
  const open = (more) => newStore({ ...options(), ...more });
  const openElsewhere = (more) => {
    const Other = ofAnotherProcess(path, name);
    return keep(new Other({ dynamoConfig: dynamoConfig(), ...options(), ...more }));
  };
  const throughProxy = () => ({
    breaker: false,
    dynamoConfig: { ...dynamoConfig(), endpoint: proxy.endpoint },
  });
  const keyOf = (sid) => (framework === 'Express' ? `sess:${sid}#lock` : `${sid}#lock`);
  const lockOf = (sid) => getItem(table, keyOf(sid));

  test('callers of several processes run one at a time, with rising tokens', async () => {
    const sid = newSid();
    const stores = [open(), open(), openElsewhere(), openElsewhere()];
    const tokens = [];
    let running = 0;
    const task = async ({ token, signal }) => {
      running += 1;
      expect(running).toBe(1);
      expect(signal.aborted).toBe(false);
      tokens.push(token);
      await stores[0].get(sid);
      running -= 1;
      return token;
    };
    const calls = Array.from({ length: 5 }, () =>
      stores.map((store) => store.withLock(sid, task)),
    ).flat();
    const results = await Promise.all(calls);
    expect(results.toSorted((a, b) => a - b)).toEqual(tokens);
    expect(new Set(tokens).size).toBe(calls.length);
    expect(tokens).toEqual(tokens.toSorted((a, b) => a - b));
  });

  test('the next caller gets the lock when a task has failed', async () => {
    const [store, other] = [open(), openElsewhere()];
    const sid = newSid();
    const error = new Error('the task has failed');
    await expect(store.withLock(sid, () => Promise.reject(error))).rejects.toBe(error);
    const thrown = () => {
      throw error;
    };
    await expect(store.withLock(sid, thrown)).rejects.toBe(error);
    expect(await other.withLock(sid, { wait: 0 }, () => 'done')).toBe('done');
  });

  test('a caller gives up after "wait", in the same process and in another one', async () => {
    const [store, other] = [open(), openElsewhere()];
    const sid = newSid();
    await store.withLock(sid, async () => {
      for (const waiting of [store, other]) {
        const refused = waiting.withLock(sid, { wait: 30 }, () => 'never');
        await expect(refused).rejects.toMatchObject({
          code: 'ERR_SESSION_LOCKED',
          retryable: true,
          message: 'another caller held the lock on the session for 30 ms (option "wait")',
        });
      }
    });
    expect(await other.withLock(sid, { wait: 0 }, () => 'done')).toBe('done');
  });

  test('a caller gives up when its signal is aborted, and hinders nobody', async () => {
    const [store, other] = [open(), openElsewhere()];
    const sid = newSid();
    const reason = new Error('the visitor is gone');
    await store.withLock(sid, async () => {
      for (const waiting of [store, other]) {
        const controller = new AbortController();
        const refused = waiting.withLock(sid, { signal: controller.signal }, () => 'never');
        controller.abort(reason);
        await expect(refused).rejects.toBe(reason);
      }
    });
    await expect(
      store.withLock(sid, { signal: AbortSignal.abort(reason) }, () => 'never'),
    ).rejects.toBe(reason);
    expect(await store.withLock(sid, { wait: 0 }, () => 'done')).toBe('done');
  });

  test('the signal of the caller reaches its task', async () => {
    const store = open();
    const controller = new AbortController();
    const reason = new Error('the visitor is gone');
    const seen = await store.withLock(newSid(), { signal: controller.signal }, ({ signal }) => {
      const aborted = once(signal, 'abort');
      controller.abort(reason);
      return aborted.then(() => signal.reason);
    });
    expect(seen).toBe(reason);
  });

  test('saving, reading and destroying the session neither wait for the lock nor end it', async () => {
    const [store, other] = [open(), openElsewhere()];
    const sid = newSid();
    const session = () => ({ cookie: { maxAge: 60_000 }, cart: [1] });
    await store.withLock(sid, async () => {
      await store.set(sid, session());
      await other.set(sid, { ...session(), cart: [1, 2] });
      expect(await store.get(sid)).toMatchObject({ cart: [1, 2] });
      await other.destroy(sid);
      await expect(other.withLock(sid, { wait: 0 }, () => 'never')).rejects.toMatchObject({
        code: 'ERR_SESSION_LOCKED',
      });
    });
  });

  test('a lock that another holder takes is lost', async () => {
    const store = open();
    const sid = newSid();
    let reason;
    const task = async ({ signal }) => {
      const lost = once(signal, 'abort');
      const lock = await lockOf(sid);
      await putItem(table, { ...lock, _lock: { S: 'another.0' } });
      await lost;
      reason = signal.reason;
    };
    const refused = store.withLock(sid, { lease: 1000 }, task);
    await expect(refused).rejects.toMatchObject({
      code: 'ERR_SESSION_LOCK_LOST',
      retryable: false,
    });
    await expect(refused).rejects.toBe(reason);
    expect(await lockOf(sid)).toMatchObject({ _lock: { S: 'another.0' } });
  });

  test('the lease is renewed while the task runs', async () => {
    const store = open();
    const sid = newSid();
    await store.withLock(sid, { lease: 1000 }, async ({ signal }) => {
      const first = await lockOf(sid);
      let current = first;
      while (current._lock.S === first._lock.S) current = await lockOf(sid);
      expect(signal.aborted).toBe(false);
    });
    expect(await lockOf(sid)).not.toHaveProperty('_lock');
  });

  test('if the renewals fail until the lease ends, the lock is lost', async () => {
    const store = open({ ...throughProxy(), operationTimeout: 300 });
    const sid = newSid();
    const warned = once(store, 'warning').then(([warning]) => warning);
    const task = async ({ signal }) => {
      const lost = once(signal, 'abort');
      proxy.hooks.before = ({ operation }) => (operation === 'UpdateItem' ? 'tear' : undefined);
      await lost;
    };
    const refused = store.withLock(sid, { lease: 1000 }, task);
    await expect(refused).rejects.toMatchObject({ code: 'ERR_SESSION_LOCK_LOST' });
    // Nothing was released: the lock is not this caller's any more.
    store.emit('warning', 'none');
    expect(await warned).toBe('none');
  });

  test('a lost answer to the attempt that got the lock does no harm', async () => {
    const store = open(throughProxy());
    const sid = newSid();
    let isFirst = true;
    proxy.hooks.loses = () => {
      const loses = isFirst;
      isFirst = false;
      return loses;
    };
    expect(await store.withLock(sid, { wait: 0 }, () => 'done')).toBe('done');
    expect(proxy.operations()).toEqual([
      'UpdateItem',
      'UpdateItem ConditionalCheckFailedException',
      'UpdateItem',
    ]);
  });

  test('if the lock cannot be released, its task still has its result', async () => {
    const store = open({ ...throughProxy(), operationTimeout: 300 });
    const warned = once(store, 'warning');
    const done = store.withLock(newSid(), () => {
      proxy.hooks.before = () => 'tear';
      return 'done';
    });
    expect(await done).toBe('done');
    expect(await warned).toMatchObject([{ code: 'ERR_SESSION_UNREACHABLE' }]);
  });

  /** Blocks the event loop, as a busy program does. */
  const block = (time) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time);

  test('a lease that has ended while the event loop was blocked is no loss, if nobody took the lock', async () => {
    const store = open();
    const sid = newSid();
    const done = store.withLock(sid, { lease: 1000 }, () => {
      block(1100);
      return 'done';
    });
    expect(await done).toBe('done');
    expect(await lockOf(sid)).not.toHaveProperty('_lock');
  });

  test('a lost answer to the release is no loss', async () => {
    const store = open(throughProxy());
    const sid = newSid();
    const done = store.withLock(sid, () => {
      let isFirst = true;
      proxy.hooks.loses = () => {
        const loses = isFirst;
        isFirst = false;
        return loses;
      };
      return 'done';
    });
    expect(await done).toBe('done');
  });

  test('the error of a task whose lock was lost is the cause', async () => {
    const store = open();
    const sid = newSid();
    const task = async ({ signal }) => {
      const lost = once(signal, 'abort');
      await putItem(table, { ...(await lockOf(sid)), _lock: { S: 'another.0' } });
      await lost;
      throw new Error('the task has given up');
    };
    await expect(store.withLock(sid, { lease: 1000 }, task)).rejects.toMatchObject({
      code: 'ERR_SESSION_LOCK_LOST',
      cause: { message: 'the task has given up' },
    });
  });

  test('an attempt that takes longer than a third of the lease is renewed before the task begins', async () => {
    const store = open(throughProxy());
    const sid = newSid();
    let isFirst = true;
    proxy.hooks.before = async () => {
      if (isFirst) await new Promise((resolve) => setTimeout(resolve, 400));
      isFirst = false;
    };
    const version = await store.withLock(
      sid,
      { lease: 1000 },
      async () => (await lockOf(sid))._lock.S,
    );
    expect(version).toMatch(/\.1$/);
  });

  test('a caller whose signal is aborted during an attempt gives up at once, and keeps no lock', async () => {
    const store = open(throughProxy());
    const sid = newSid();
    const reason = new Error('the visitor is gone');
    const controller = new AbortController();
    const asked = new Promise((resolve) => {
      proxy.hooks.before = ({ operation }) => {
        resolve(operation);
        return new Promise((go) => {
          proxy.hooks.go = go;
        });
      };
    });
    const refused = store.withLock(sid, { signal: controller.signal }, () => 'never');
    await asked;
    controller.abort(reason);
    await expect(refused).rejects.toBe(reason);
    proxy.hooks.before = () => {};
    proxy.hooks.go();
    expect(await store.withLock(sid, () => 'done')).toBe('done');
  });

  test('many callers share a signal, and leave no listener', async () => {
    const store = open();
    const { signal } = new AbortController();
    const sids = Array.from({ length: 20 }, newSid);
    await Promise.all(sids.map((sid) => store.withLock(sid, { signal }, () => {})));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('close ends the waiting of other callers', async () => {
    const [store, other] = [open(), openElsewhere()];
    const sid = newSid();
    await other.withLock(sid, async () => {
      const waiting = [store.withLock(sid, () => 'never'), store.withLock(sid, () => 'never')];
      const refused = waiting.map((each) =>
        expect(each).rejects.toMatchObject({ code: 'ERR_SESSION_CLOSED' }),
      );
      await store.close();
      await Promise.all(refused);
    });
  });

  test('an attempt that was not sent sends no release', async () => {
    const store = open({ ...throughProxy(), maxPendingCalls: 1 });
    let go;
    const asked = new Promise((resolve) => {
      proxy.hooks.before = () => {
        resolve();
        return new Promise((answer) => {
          go = answer;
        });
      };
    });
    const pending = store.get(newSid());
    await asked;
    await expect(store.withLock(newSid(), { wait: 0 }, () => 'never')).rejects.toMatchObject({
      code: 'ERR_SESSION_OVERLOADED',
    });
    go();
    await pending;
    expect(proxy.operations()).toEqual(['GetItem']);
  });

  test('close waits for the task, and for its lock to be released', async () => {
    const store = open();
    const sid = newSid();
    let end;
    const held = new Promise((begun) => {
      store.withLock(sid, () => {
        begun();
        return new Promise((resolve) => {
          end = resolve;
        });
      });
    });
    await held;
    const closed = store.close();
    await expect(store.withLock(sid, () => 'never')).rejects.toMatchObject({
      code: 'ERR_SESSION_CLOSED',
    });
    end();
    await closed;
    expect(await lockOf(sid)).not.toHaveProperty('_lock');
  });

  test('a free lock is no session, and is deleted by reap after a day', async () => {
    const store = open();
    const sid = newSid();
    await store.withLock(sid, () => {});
    const { expires, ...lock } = await lockOf(sid);
    expect(Object.keys(lock).sort()).toEqual(['_lease', '_token', 'id']);
    const kept = Number(expires.N) - seconds();
    expect(kept).toBeGreaterThan(86_000);
    expect(kept).toBeLessThan(87_000);
    expect(await store.get(`${sid}#lock`)).toBeFalsy();
    if (framework !== 'Express') return;
    expect(await store.ids()).not.toContain(`${sid}#lock`);
    await setExpires(table, keyOf(sid), seconds() - 1);
    await store.reap();
    expect(await items(table)).not.toHaveProperty([keyOf(sid)]);
  });

  test.each([
    [[], 'the task of withLock must be a function'],
    [[{ wait: 0 }], 'the task of withLock must be a function'],
    [[5, () => {}], 'the options of withLock must be an object, but is number'],
    [[{ ttl: 5 }, () => {}], 'the options of withLock are lease, wait, signal, but "ttl" is set'],
    [
      [{ lease: 10 }, () => {}],
      'option "lease" must be a number of milliseconds from 1000 to 2147483647, but is 10',
    ],
    [
      [{ wait: -1 }, () => {}],
      'option "wait" must be a number of milliseconds from 0 to 2147483647, but is -1',
    ],
    [[{ signal: {} }, () => {}], 'option "signal" must be an AbortSignal'],
  ])('wrong arguments %#', async (args, message) => {
    await expect(open().withLock('sid', ...args)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
      message,
    });
  });

  test('a wrong id', async () => {
    await expect(open().withLock('', () => {})).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    });
  });
});

test('when the process of the holder dies, the next caller gets the lock after the lease', async () => {
  const sid = newSid();
  const holder = spawn(process.execPath, [program, table, sid], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [token] = await once(holder.stdout, 'data');
  const store = new DynamoDBStore({ table, initialized: true, dynamoConfig: dynamoConfig() });
  const taken = store.withLock(sid, { wait: 30_000 }, (lock) => lock.token);
  const exited = once(holder, 'exit');
  holder.kill('SIGKILL');
  await exited;
  expect(await taken).toBeGreaterThan(Number(token));
  await store.close();
});

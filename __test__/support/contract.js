'use strict';

/**
 * What every store promises, whatever framework it serves and however it reaches DynamoDB. Each
 * framework brings a harness, and runs this once for each way to reach DynamoDB.
 */

const { randomBytes } = require('node:crypto');
const { inspect } = require('node:util');
const { newTable, newTableName, describeTable, seconds } = require('./dynamodb');
const { refusal, startStub, table } = require('./stub-dynamodb');

/**
 * A store, seen as what all stores can do.
 *
 * @typedef {object} Subject
 * @property {(sid: string) => Promise<any>} load `undefined` where there is none
 * @property {(sid: string, session: any, lifetime: number) => Promise<void>} save lives for
 *   `lifetime` milliseconds
 * @property {(sid: string) => Promise<void>} destroy
 * @property {() => Promise<void>} close
 * @property {(options?: object) => AsyncIterable<{ session: any }>} [sessions] if the store can list its sessions
 *
 * @typedef {object} Harness
 * @property {string} hashKey of the tables that it works on
 * @property {(table: string, options?: { endpoint?: string, timeout?: number, create?: boolean }) => Subject} open
 *   `timeout`: what a call may take, in milliseconds; `create`: whether the store may create its
 *   table
 * @property {(table: string, sid: string) => Promise<number>} expires the number in the table
 * @property {boolean} [isCalled] whether requests go through a client that is called
 * @property {boolean} [dropsProto] whether attributes called `__proto__` are lost on the way
 * @property {boolean} [loadsEnded] whether a session that has ended is loaded all the same
 * @property {boolean} [storesBigInts]
 * @property {string} [refusedAs] the code of the error for a BigInt, unless it is that for a cycle
 */

const DAY = 86_400_000;

function cyclic() {
  const session = {};
  session.self = session;
  return session;
}

/**
 * @param {string} name
 * @param {Harness} harness
 */
function describeStoreContract(name, harness) {
  describe(`${name} keeps the store contract:`, () => {
    let tableName;
    let store;

    beforeAll(async () => {
      tableName = await newTable({ hashKey: harness.hashKey });
      store = harness.open(tableName);
    });
    afterAll(() => store.close());

    test('a session that was never saved is none', async () => {
      expect(await store.load('unknown')).toBeUndefined();
    });

    test.each([
      ['text of every kind', { a: 'naïve ✓ 🦀 \u0000', empty: '', 'a.b c': '"\\\n' }],
      ['numbers', { zero: 0, negative: -1.5, large: Number.MAX_SAFE_INTEGER, small: 1e-7 }],
      ['nested values', { list: [1, [2, { three: null }], []], map: { of: { maps: {} } } }],
      ['booleans and null', { yes: true, no: false, nothing: null }],
      ...(harness.dropsProto
        ? []
        : [
            [
              'what looks like a prototype',
              JSON.parse('{"__proto__": {"admin": true}, "constructor": 1}'),
            ],
          ]),
      ['300 KB', { big: 'x'.repeat(300_000) }],
    ])('%s: saved and loaded', async (kind, data) => {
      await store.save(kind, data, DAY);
      expect(await store.load(kind)).toMatchObject(JSON.parse(JSON.stringify(data)));
    });

    test('ids with odd characters are told apart', async () => {
      const ids = ['a b', 'a/b', 'ä', '🦀', "'; --", 'x'.repeat(1000)];
      await Promise.all(ids.map((id) => store.save(id, { id }, DAY)));
      for (const id of ids) expect(await store.load(id)).toMatchObject({ id });
    });

    test('saving replaces the session as a whole', async () => {
      await store.save('replaced', { a: 1, b: 2 }, DAY);
      await store.save('replaced', { b: 3 }, DAY);
      const session = await store.load('replaced');
      expect(session).toMatchObject({ b: 3 });
      expect(session).not.toHaveProperty('a');
    });

    test('a destroyed session is gone', async () => {
      await store.save('destroyed', { a: 1 }, DAY);
      await store.destroy('destroyed');
      expect(await store.load('destroyed')).toBeUndefined();
    });

    test('destroying what is not there is no error', async () => {
      await expect(store.destroy('never there')).resolves.toBeUndefined();
    });

    test('a session that has ended is stored', async () => {
      await store.save('ended', { a: 1 }, -1000);
      const loaded = await store.load('ended');
      if (harness.loadsEnded) expect(loaded).toMatchObject({ a: 1 });
      else expect(loaded).toBeUndefined();
    });

    test('the end of a session is stored in whole seconds', async () => {
      const before = seconds();
      await store.save('whole', { a: 1 }, 90_500);
      const expires = await harness.expires(tableName, 'whole');
      expect(Number.isInteger(expires)).toBe(true);
      expect(expires).toBeGreaterThanOrEqual(before + 90);
      expect(expires).toBeLessThanOrEqual(seconds() + 91);
    });

    test('two stores on one table see the same sessions', async () => {
      const other = harness.open(tableName);
      await store.save('shared', { a: 1 }, DAY);
      expect(await other.load('shared')).toMatchObject({ a: 1 });
      await other.destroy('shared');
      expect(await store.load('shared')).toBeUndefined();
      await other.close();
    });

    // More than a batch has, and no more: on a busy machine, DynamoDB Local is slow.
    test('120 sessions at the same time do not mix', async () => {
      const ids = Array.from({ length: 120 }, (_, index) => `many-${index}`);
      await Promise.all(ids.map((id) => store.save(id, { id }, DAY)));
      const sessions = await Promise.all(ids.map((id) => store.load(id)));
      expect(sessions.map((session) => session.id)).toEqual(ids);
    });

    test('each session of the table is iterated once', async () => {
      const tableOfOwn = await newTable({ hashKey: harness.hashKey });
      const own = harness.open(tableOfOwn);
      if (own.sessions) {
        const ids = Array.from({ length: 30 }, (_, index) => `listed-${index}`);
        await Promise.all(ids.map((id) => own.save(id, { id }, DAY)));
        await own.save('ended', { id: 'ended' }, -DAY);
        for (const options of [undefined, { segments: 5 }, { capacityPerSecond: 100_000 }]) {
          const found = [];
          for await (const { session } of own.sessions(options)) found.push(session.id);
          expect(found.sort()).toEqual(ids.toSorted());
        }
      }
      await own.close();
    });

    test.each([
      ['a cycle', cyclic(), 'ERR_SESSION_SERIALIZE'],
      ...(harness.storesBigInts
        ? []
        : [['a BigInt', { big: 1n }, harness.refusedAs ?? 'ERR_SESSION_SERIALIZE']]),
    ])('%s is an error, and the stored session stays as it was', async (_kind, session, code) => {
      await store.save('kept', { a: 1 }, DAY);
      await expect(store.save('kept', session, DAY)).rejects.toMatchObject({ code });
      expect(await store.load('kept')).toMatchObject({ a: 1 });
    });

    test('a session beyond 400 KB is an error, and the stored session stays as it was', async () => {
      await store.save('too large', { a: 1 }, DAY);
      // Random, so that it is too large even if it is compressed.
      const big = randomBytes(450_000).toString('base64');
      await expect(store.save('too large', { big }, DAY)).rejects.toMatchObject({
        code: 'ERR_SESSION_TOO_LARGE',
        retryable: false,
      });
      expect(await store.load('too large')).toMatchObject({ a: 1 });
    });

    test('the first use creates a table that is missing', async () => {
      const missing = newTableName();
      const creating = harness.open(missing, { create: true });
      await creating.save('first', { a: 1 }, DAY);
      expect(await creating.load('first')).toMatchObject({ a: 1 });
      expect((await describeTable(missing)).TableStatus).toBe('ACTIVE');
      await creating.close();
    });

    test('a closed store says so', async () => {
      const closed = harness.open(tableName);
      await closed.load('unknown');
      await closed.close();
      await closed.close();
      const code = 'ERR_SESSION_CLOSED';
      await expect(closed.load('unknown')).rejects.toMatchObject({ code });
      await expect(closed.save('unknown', {}, DAY)).rejects.toMatchObject({ code });
      await expect(closed.destroy('unknown')).rejects.toMatchObject({ code });
    });

    describe('every failure reaches its caller:', () => {
      const each = (subject) => [
        subject.load('SECRET-SID'),
        subject.save('SECRET-SID', { data: 'SECRET-DATA' }, DAY),
        subject.destroy('SECRET-SID'),
      ];

      /** Asks for the error of each call, with a DynamoDB that answers so. */
      async function failures(answer, timeout) {
        const stub = await startStub((call) =>
          call.operation === 'DescribeTable' ? table('ACTIVE', harness.hashKey) : answer(call),
        );
        const failing = harness.open('sessions', { endpoint: stub.endpoint, timeout });
        const outcomes = await Promise.allSettled(each(failing));
        await failing.close();
        await stub.stop();
        return outcomes.map((outcome) => outcome.reason);
      }

      test('an error that DynamoDB answers with', async () => {
        const errors = await failures(() => refusal('AccessDeniedException', 'not authorized'));
        expect(errors).toHaveLength(3);
        for (const error of errors) {
          expect(error).toBeInstanceOf(Error);
          expect(error).toMatchObject({
            name: 'AccessDeniedException',
            code: 'AccessDeniedException',
            message: 'not authorized',
            requestId: 'REQUEST-ID',
            $metadata: { httpStatusCode: 400, requestId: 'REQUEST-ID' },
            retryable: false,
          });
          // Express and Koa would make it the status of their own answer.
          expect(error).not.toHaveProperty('statusCode');
          expect(error).not.toHaveProperty('status');
        }
      });

      test('a throttled table', async () => {
        const errors = await failures(
          () => refusal('ProvisionedThroughputExceededException'),
          // A client that is called retries in its own time.
          harness.isCalled ? 2500 : 300,
        );
        for (const error of errors) {
          const code = 'ProvisionedThroughputExceededException';
          expect(error).toMatchObject({ name: code, code, retryable: true });
        }
      });

      test('a DynamoDB that never answers', async () => {
        const errors = await failures(() => 'hang', 300);
        for (const error of errors) {
          expect(error).toMatchObject({ code: 'ERR_SESSION_TIMEOUT', retryable: true });
        }
      });

      test('a connection that is torn', async () => {
        const errors = await failures(() => 'tear');
        for (const error of errors) {
          expect(error).toMatchObject({ code: 'ERR_SESSION_UNREACHABLE', retryable: true });
          expect(error.cause).toBeInstanceOf(Error);
        }
      });

      test('nothing at the endpoint', async () => {
        const stub = await startStub(() => {});
        await stub.stop();
        const failing = harness.open('sessions', { endpoint: stub.endpoint });
        for (const outcome of await Promise.allSettled(each(failing))) {
          expect(outcome.reason).toMatchObject({ code: 'ERR_SESSION_UNREACHABLE' });
        }
        await failing.close();
      });

      test('with no session id, session data or credential in it', async () => {
        const answers = [
          refusal('AccessDeniedException'),
          refusal('InternalServerError', 'x', 500),
          'tear',
        ];
        for (const answer of answers) {
          for (const error of await failures(() => answer)) {
            const shown = inspect(error, { depth: null, showHidden: true });
            expect(shown).not.toMatch(/SECRET|secretAccessKey/);
          }
        }
      });
    });
  });
}

module.exports = { DAY, describeStoreContract };

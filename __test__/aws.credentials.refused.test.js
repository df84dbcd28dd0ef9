'use strict';

/** Credentials that are about to end, and signatures that DynamoDB refuses. */

const { DynamoDBStore } = require('..');
const { refusal } = require('./support/stub-dynamodb');
const { storesOf } = require('./support/stores');

const { keep, newStub } = storesOf(DynamoDBStore);

/** The access key and the time of a request's signature. */
function signatureOf({ headers }) {
  const [, key] = /Credential=([^/]+)\//.exec(headers.authorization);
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(headers['x-amz-date']);
  return { key, time: Date.UTC(year, month - 1, day, hour, minute, second) };
}

const keysOf = (stub) => stub.calls.map((call) => signatureOf(call).key);

function open(endpoint, credentials, settings) {
  const dynamoConfig = { endpoint, region: 'eu-west-1', credentials, ...settings };
  return keep(new DynamoDBStore({ initialized: true, dynamoConfig }));
}

/** A provider whose credentials are `KEY1`, `KEY2`, … */
function counting(expiration = () => undefined) {
  const provide = async () => {
    provide.asked += 1;
    const accessKeyId = `KEY${provide.asked}`;
    return { accessKeyId, secretAccessKey: 's', expiration: expiration() };
  };
  provide.asked = 0;
  return provide;
}

describe('credentials that are about to end', () => {
  test('are used to their end if their source fails', async () => {
    const { stub } = await newStub(() => ({}));
    const end = Date.now() + 2000;
    let asked = 0;
    const store = open(stub.endpoint, async () => {
      asked += 1;
      if (asked > 1) throw new Error('the vault is sealed');
      return { accessKeyId: 'KEY1', secretAccessKey: 's', expiration: new Date(end) };
    });
    // Half of the life is over, and the source was asked again in vain.
    while (asked < 2) await store.get('abc');
    for (let left = 10; left > 0 && Date.now() < end - 200; left -= 1) await store.get('abc');
    expect(new Set(keysOf(stub))).toEqual(new Set(['KEY1']));
    // And once they have ended, the reason is said.
    let outcome = null;
    while (outcome === null) outcome = await store.get('abc').catch((error) => error);
    expect(Date.now()).toBeGreaterThanOrEqual(end);
    expect(outcome).toMatchObject({
      code: 'ERR_SESSION_CREDENTIALS',
      message: expect.stringContaining('the vault is sealed'),
    });
  });

  test('are renewed in the background: no call waits for that', async () => {
    const { stub } = await newStub(() => ({}));
    let asked = 0;
    let release;
    const released = new Promise((resolve) => {
      release = resolve;
    });
    const store = open(stub.endpoint, async () => {
      asked += 1;
      if (asked > 1) await released;
      const expiration = new Date(Date.now() + (asked > 1 ? 3_600_000 : 2000));
      return { accessKeyId: `KEY${asked}`, secretAccessKey: 's', expiration };
    });
    while (asked < 2) await store.get('abc');
    await store.get('abc');
    expect(new Set(keysOf(stub))).toEqual(new Set(['KEY1']));
    release();
    while (!keysOf(stub).includes('KEY2')) await store.get('abc');
    expect(asked).toBe(2);
  });
});

describe.each([
  'ExpiredTokenException',
  'UnrecognizedClientException',
  'InvalidSignatureException',
])('%s', (name) => {
  test('new credentials are asked for, and the request is sent once more', async () => {
    let refused = [];
    const { stub } = await newStub((call) =>
      refused.includes(signatureOf(call).key) ? refusal(name) : {},
    );
    const provide = counting();
    const store = open(stub.endpoint, provide);
    await store.get('abc');
    refused = ['KEY1'];
    const calls = Array.from({ length: 20 }, (_, index) => store.get(`sid-${index}`));
    expect(await Promise.all(calls)).toEqual(calls.map(() => null));
    await store.get('abc');
    expect(provide.asked).toBe(2);
    expect(signatureOf(stub.calls.at(-1)).key).toBe('KEY2');
  });

  test('if the new ones are the same, the error is passed on, and that is no storm', async () => {
    const { stub } = await newStub(() => refusal(name));
    let asked = 0;
    const store = open(stub.endpoint, async () => {
      asked += 1;
      return { accessKeyId: 'KEY', secretAccessKey: 's' };
    });
    for (let left = 5; left > 0; left -= 1) {
      await expect(store.get('abc')).rejects.toMatchObject({ code: name });
    }
    expect(stub.calls).toHaveLength(5);
    expect(asked).toBe(2);
  });

  test('if the new ones are refused too, the request is not sent again', async () => {
    const { stub } = await newStub(() => refusal(name));
    const store = open(stub.endpoint, counting());
    await expect(store.set('abc', { cookie: {} })).rejects.toMatchObject({ code: name });
    expect(keysOf(stub)).toEqual(['KEY1', 'KEY2']);
  });
});

test('other refusals ask for no credentials', async () => {
  const { stub } = await newStub(() => refusal('AccessDeniedException'));
  const provide = counting();
  const store = open(stub.endpoint, provide);
  await expect(store.get('abc')).rejects.toMatchObject({ code: 'AccessDeniedException' });
  expect([provide.asked, stub.calls.length]).toEqual([1, 1]);
});

describe('a clock that is wrong', () => {
  const MINUTE = 60_000;
  const keys = { accessKeyId: 'KEY', secretAccessKey: 's' };

  /** A DynamoDB whose clock is ahead by `skew`, and that refuses a date which is wrong. */
  async function startSkewed() {
    const clock = { skew: 0, refusals: 0 };
    const { stub } = await newStub((call) => {
      const now = Date.now() + clock.skew;
      const headers = { date: new Date(now).toUTCString() };
      if (Math.abs(signatureOf(call).time - now) < 5 * MINUTE) return { headers };
      clock.refusals += 1;
      return { ...refusal('InvalidSignatureException', 'Signature expired'), headers };
    });
    return { clock, stub };
  }

  test.each([undefined, 1])(
    'is corrected, and so is one that was set right again',
    async (maxAttempts) => {
      const { clock, stub } = await startSkewed();
      const store = open(stub.endpoint, keys, { maxAttempts });
      // As if this machine's clock was behind, was set right, and was ahead.
      for (const skew of [0, 10 * MINUTE, 0, -10 * MINUTE, 10 * MINUTE]) {
        clock.skew = skew;
        for (let left = 3; left > 0; left -= 1) expect(await store.get('abc')).toBeNull();
      }
      // A change of the clock may cost an attempt of the fast path and one of the SDK.
      expect(clock.refusals).toBeLessThanOrEqual(8);
    },
  );
});

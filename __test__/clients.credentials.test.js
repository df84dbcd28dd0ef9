'use strict';

/** Credentials of adopted clients, whose providers are called back. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const AWS = require('aws-sdk');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBStore } = require('..');
const { region } = require('./support/dynamodb');
const { refusal } = require('./support/stub-dynamodb');
const { storesOf } = require('./support/stores');

const { keep, newStub } = storesOf(DynamoDBStore);

const newStore = (options) => keep(new DynamoDBStore({ initialized: true, ...options }));

/** `AWS.Credentials` of v2 that ask `provide` for new ones. */
function credentialsOfV2(provide) {
  const made = new AWS.Credentials('', '');
  made.expired = true;
  made.refresh = (callback) => {
    provide().then((found) => {
      Object.assign(made, found, { expireTime: found?.expiration, expired: false });
      callback();
    }, callback);
  };
  return made;
}

const kinds = {
  'aws-sdk v3': (endpoint, provide) =>
    new DynamoDBClient({ endpoint, region, maxAttempts: 1, credentials: provide }),
  'aws-sdk v2': (endpoint, provide) =>
    new AWS.DynamoDB({ endpoint, region, maxRetries: 0, credentials: credentialsOfV2(provide) }),
};

/** The access key and the time of a request's signature. */
function signatureOf({ headers }) {
  const [, key] = /Credential=([^/]+)\//.exec(headers.authorization);
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(headers['x-amz-date']);
  return { key, time: Date.UTC(year, month - 1, day, hour, minute, second) };
}

describe.each(Object.entries(kinds))('the provider of a client of %s', (_name, newClient) => {
  test('that rotates its credentials every second: each request has good ones', async () => {
    const lifetime = 1000;
    const issued = new Map();
    let running = 0;
    let most = 0;
    async function provide() {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
      const until = Date.now() + lifetime;
      const accessKeyId = `KEY${issued.size}`;
      issued.set(accessKeyId, until);
      return { accessKeyId, secretAccessKey: 's', expiration: new Date(until) };
    }
    const bad = [];
    const { stub } = await newStub((call) => {
      const { key, time } = signatureOf(call);
      const until = issued.get(key);
      if (time >= until) bad.push({ key, time, until });
      return {};
    });
    const store = newStore({ client: newClient(stub.endpoint, provide) });
    // On until there were several rotations, whatever the machine is doing.
    while (issued.size < 4) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => store.get(`sid-${index}`)));
    }
    expect(store.transport).toBe('native');
    expect(bad).toEqual([]);
    expect(most).toBe(1);
  });

  test('is asked once where its credentials last', async () => {
    let asked = 0;
    const provide = async () => {
      asked += 1;
      return {
        accessKeyId: 'KEY',
        secretAccessKey: 's',
        expiration: new Date(Date.now() + 3_600_000),
      };
    };
    const { stub } = await newStub(() => ({}));
    const store = newStore({ client: newClient(stub.endpoint, provide) });
    expect(asked).toBe(0);
    await Promise.all(Array.from({ length: 50 }, (_, index) => store.get(`sid-${index}`)));
    await store.get('once more');
    expect(asked).toBe(1);
  });

  test('that rejects is an error that says why, and is asked again', async () => {
    let asked = 0;
    const provide = async () => {
      asked += 1;
      if (asked === 1) throw new Error('the vault is sealed');
      return { accessKeyId: 'KEY', secretAccessKey: 's' };
    };
    const { stub } = await newStub(() => ({}));
    const store = newStore({ client: newClient(stub.endpoint, provide) });
    await expect(store.get('abc')).rejects.toMatchObject({
      code: 'ERR_SESSION_CREDENTIALS',
      message: expect.stringContaining('the vault is sealed'),
    });
    expect(stub.calls).toHaveLength(0);
    expect(await store.get('abc')).toBeNull();
  });

  test('that hangs fails before the deadline, with the reason', async () => {
    const { stub } = await newStub(() => ({}));
    const client = newClient(stub.endpoint, () => new Promise(() => {}));
    const store = newStore({ client, operationTimeout: 200 });
    await expect(store.get('abc')).rejects.toMatchObject({
      code: 'ERR_SESSION_CREDENTIALS',
      message: expect.stringMatching(/the credentials has not answered within \d+ ms$/),
    });
    expect(stub.calls).toHaveLength(0);
  });

  test('whose credentials DynamoDB refuses: the client is asked for others, and does not give those that it keeps', async () => {
    let asked = 0;
    const provide = async () => {
      asked += 1;
      const expiration = new Date(Date.now() + 3_600_000);
      return { accessKeyId: `KEY${asked}`, secretAccessKey: 's', expiration };
    };
    let refused;
    const { stub } = await newStub((call) =>
      signatureOf(call).key === refused ? refusal('ExpiredTokenException') : {},
    );
    const store = newStore({ client: newClient(stub.endpoint, provide) });
    await store.get('abc');
    refused = 'KEY1';
    expect(await store.get('abc')).toBeNull();
    expect(signatureOf(stub.calls.at(-1)).key).toBe('KEY2');
    expect(asked).toBe(2);
  });

  test('that gives expired ones: they are not kept', async () => {
    let asked = 0;
    const provide = async () => {
      asked += 1;
      const expiration = new Date(Date.now() + (asked === 1 ? -60_000 : 3_600_000));
      return { accessKeyId: `KEY${asked}`, secretAccessKey: 's', expiration };
    };
    const { stub } = await newStub(() => ({}));
    const store = newStore({ client: newClient(stub.endpoint, provide) });
    await Promise.allSettled([store.get('abc')]);
    expect(await store.get('abc')).toBeNull();
    expect(signatureOf(stub.calls.at(-1)).key).toBe('KEY2');
    expect(asked).toBe(2);
  });
});

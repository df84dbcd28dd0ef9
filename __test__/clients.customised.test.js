'use strict';

/** Clients that were customised: they are called and not adopted, and it can be said why. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const http = require('node:http');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBStore } = require('..');
const { local, v2, v3 } = require('./support/clients');
const { newTable } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');

const { keep, newStub } = storesOf(DynamoDBStore);

const newStore = (options) => keep(new DynamoDBStore({ initialized: true, ...options }));

/** A middleware that passes everything on. */
const passing = (next) => async (args) => next(args);

class Logged extends DynamoDBClient {
  send(...args) {
    return super.send(...args);
  }
}

/** Clients that were customised, and what is said of each. */
const customised = {
  'v3, a middleware added': () => {
    const client = v3();
    client.middlewareStack.add(passing, { step: 'build', name: 'tracing' });
    return [client, 'the middleware of the client was changed'];
  },
  'v3, a middleware removed': () => {
    const client = v3();
    client.middlewareStack.remove('loggerMiddleware');
    return [client, 'the middleware of the client was changed'];
  },
  'v3, a request handler of another class': () => {
    const { requestHandler } = v3().config;
    const handle = (...args) => requestHandler.handle(...args);
    const own = { handle, metadata: requestHandler.metadata, destroy() {} };
    return [v3({ requestHandler: own }), 'the client has its own "requestHandler"'];
  },
  'v3, a logger': () => [
    v3({ logger: { debug() {}, info() {}, warn() {}, error() {} } }),
    '"logger"',
  ],
  'v3, a signer': () => {
    const client = v3();
    const { signer } = client.config;
    client.config.signer = (scheme) => signer(scheme);
    return [client, '"signer"'];
  },
  'v3, an endpoint provider': () => {
    const { endpointProvider } = v3().config;
    return [v3({ endpointProvider: (...args) => endpointProvider(...args) }), '"endpointProvider"'];
  },
  'v3, its send replaced': () => {
    const client = v3();
    const send = client.send.bind(client);
    client.send = (command) => send(command);
    return [client, 'the method "send" of the client was replaced'];
  },
  'v3, a subclass with a send of its own': () => [
    new Logged(local()),
    'the method "send" of the client was replaced',
  ],
  'v2, a listener': () => {
    const client = v2();
    client.on('apiCall', () => {});
    return [client, 'listeners'];
  },
  'v2, requests customised': () => {
    const client = v2();
    client.customizeRequests((request) => request.on('build', () => {}));
    return [client, 'customizeRequests'];
  },
  'v2, an agent that says where to connect from': () => [
    v2({ httpOptions: { agent: new http.Agent({ localAddress: '127.0.0.1' }) } }),
    'agent',
  ],
  'v2, a logger': () => [v2({ logger: { log() {} } }), '"logger"'],
  'v2, delays of its own': () => [v2({ retryDelayOptions: { base: 10 } }), 'retry delays'],
  'v2, a method replaced': () => {
    const client = v2();
    const { getItem } = client;
    client.getItem = (...args) => getItem.apply(client, args);
    return [client, 'the method "getItem" of the client was replaced'];
  },
};

describe.each(Object.entries(customised))('%s', (_name, make) => {
  test('is called', async () => {
    const [client] = make();
    const store = newStore({ client, table: await newTable() });
    expect(store.transport).toBe('client');
    await store.set('abc', { a: 1 });
    expect(await store.get('abc')).toMatchObject({ a: 1 });
    await store.destroy('abc');
    expect(await store.get('abc')).toBeNull();
    expect(store.transport).toBe('client');
  });

  test('is no client for the native transport, and it is said why', () => {
    const [client, why] = make();
    const open = () => new DynamoDBStore({ client, transport: 'native' });
    expect(open).toThrow(TypeError);
    expect(open).toThrow(/^option "transport" cannot be "native"/);
    expect(open).toThrow(why);
  });
});

describe('what shows only once the settings of a client are asked for', () => {
  const hidden = {
    'an agent that says where to connect from': () =>
      v3({ requestHandler: { httpAgent: new http.Agent({ localAddress: '127.0.0.1' }) } }),
    'an agent that keeps no connection': () =>
      v3({ requestHandler: { httpAgent: new http.Agent({ keepAlive: false }) } }),
    'a retry strategy': () => {
      class Own {
        mode = 'standard';
        acquireInitialRetryToken = async () => ({ getRetryCount: () => 0, getRetryDelay: () => 0 });
        refreshRetryTokenForRetry = async () => {
          throw new Error('no more');
        };
        recordSuccess() {}
      }
      return v3({ retryStrategy: new Own() });
    },
  };

  test.each(Object.entries(hidden))('%s: the client is called', async (_name, make) => {
    const store = newStore({ client: make(), table: await newTable() });
    await store.set('abc', { a: 1 });
    expect(await store.get('abc')).toMatchObject({ a: 1 });
    expect(store.transport).toBe('client');
  });

  test.each(Object.entries(hidden))('%s: with "native", a TypeError', async (_name, make) => {
    const store = newStore({ client: make(), transport: 'native' });
    const failure = store.get('abc');
    await expect(failure).rejects.toBeInstanceOf(TypeError);
    await expect(failure).rejects.toThrow(
      /"transport" cannot be "native": the client has (its own retry strategy|an agent with settings that the addon cannot follow)\. /,
    );
  });
});

test('a middleware that adds a header does so', async () => {
  const { stub } = await newStub(() => ({}));
  const client = v3({ endpoint: stub.endpoint });
  client.middlewareStack.add(
    (next) => async (args) => {
      args.request.headers['x-trace'] = 'trace-1';
      return next(args);
    },
    { step: 'build', name: 'tracing' },
  );
  const store = newStore({ client });
  await store.get('abc');
  await store.set('abc', {});
  expect(stub.calls.map(({ headers }) => headers['x-trace'])).toEqual(['trace-1', 'trace-1']);
});

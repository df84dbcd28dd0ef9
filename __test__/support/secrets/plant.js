'use strict';

/**
 * A process in which secrets are everywhere: in keys, in sessions, in what services answer. It prints
 * all that an application could log of a store, its client, its errors and events:
 * `node plant.js WAY`.
 */

const { inspect } = require('node:util');
const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { DynamoDBStore } = require('../../..');
const { hear } = require('../heard');
const { refusal, startStub } = require('../stub-dynamodb');
const {
  ACCESS_KEY,
  DATA,
  ENCRYPTION_KEY,
  ID_SECRET,
  SECRET_KEY,
  SID,
  SPECIAL,
  TOKEN,
} = require('./planted');

const keys = { accessKeyId: ACCESS_KEY, secretAccessKey: SECRET_KEY, sessionToken: TOKEN };

/** All options for secrets and users. */
const withSecrets = (settings, encryptionKeys) => ({
  dynamoConfig: { ...settings, ...keys },
  compress: { threshold: 1 },
  encryption: { keys: encryptionKeys },
  hashIds: { secret: [ID_SECRET], migrate: true },
  absoluteTtl: 86_400_000,
  indexes: { user: { value: 'user', label: () => DATA, max: 1, over: 'refuse' } },
});

/** How a store has its keys. */
const WAYS = {
  encrypted: (settings) => withSecrets(settings, [ENCRYPTION_KEY.toString('base64')]),
  'keys from a function': (settings) => withSecrets(settings, async () => [ENCRYPTION_KEY]),
  'bad keys from a function': (settings) =>
    withSecrets(settings, async () => [ENCRYPTION_KEY.subarray(1)]),
  options: (settings) => ({ dynamoConfig: { ...settings, ...keys } }),
  credentials: (settings) => ({ dynamoConfig: { ...settings, credentials: keys } }),
  provider: (settings) => ({ dynamoConfig: { ...settings, credentials: async () => keys } }),
  broken: (settings) => ({
    dynamoConfig: {
      ...settings,
      credentials: async () => ({ ...keys, sessionToken: `${TOKEN}\n` }),
    },
  }),
  environment: (settings) => ({ dynamoConfig: settings }),
  profile: (settings) => ({ dynamoConfig: { ...settings, profile: 'planted' } }),
  process: (settings) => ({ dynamoConfig: { ...settings, profile: 'process' } }),
  adopted: (settings) => ({ client: new DynamoDBClient({ ...settings, credentials: keys }) }),
  called: (settings) => ({
    client: new DynamoDBClient({ ...settings, credentials: keys }),
    transport: 'client',
  }),
};

/** All that a request has said, in a service's words. */
const quote = ({ headers, body }) =>
  [headers.authorization, headers['x-amz-security-token'], JSON.stringify(body)].join(' and ');

const ANSWERS = {
  'an expired token': (call) => refusal('ExpiredTokenException', `Security token ${quote(call)}`),
  'an unknown token': (call) =>
    refusal('UnrecognizedClientException', `"${TOKEN}" is invalid, says ${quote(call)}`),
  'other words': (call) => refusal('AccessDeniedException', `${SECRET_KEY}! ${quote(call)}`),
  'a part of a token': () => refusal('ValidationException', `${TOKEN.slice(0, 40)}... is old`),
  'a signature': (call) =>
    refusal('InvalidSignatureException', `No. The Canonical String was ${quote(call)}`),
  'a name': () => refusal(`Ex${ACCESS_KEY}`, 'no'),
  'a header': () => ({ ...refusal('ValidationException'), headers: { 'x-amzn-requestid': TOKEN } }),
  'a failure': (call) => refusal('InternalServerError', quote(call), 500),
  'a page': (call) => ({ status: 503, body: `<html>${quote(call)}</html>` }),
  'no JSON': (call) => ({ body: `{"Item": ${quote(call)}` }),
  'no item': () => ({ body: { Item: { id: { S: SID }, sess: { N: DATA } } } }),
  'a session that is none': () => ({ body: { Item: { id: { S: SID }, sess: { S: DATA } } } }),
  'a session of another key': () => ({
    body: { Item: { id: { S: SID }, sess: { B: Buffer.alloc(60, 2).toString('base64') } } },
  }),
  'a torn connection': () => 'tear',
};

/** All that there is to see of a value. */
function print(what, value) {
  console.log(`--- ${what}\n${value}`);
  if (value instanceof Error) console.log(value.stack, JSON.stringify(value));
  for (const getters of [false, true]) {
    console.log(inspect(value, { depth: 20, showHidden: true, getters }));
  }
}

/** Has each call fail, and prints its error. */
async function fail(store) {
  const data = { cookie: { maxAge: 60_000 }, user: DATA, special: SPECIAL };
  const calls = {
    get: () => store.get(SID),
    set: () => store.set(SID, data),
    touch: () => store.touch(SID, data),
    destroy: () => store.destroy(SID),
    all: () => store.all(),
    'no special key': () => store.set(SID, { ...data, special: { nested: SPECIAL } }),
    'no JSON': () => store.set(SID, { ...data, [DATA]: 1n }),
    'no id': () => store.get(`${SID}\ud800`),
    sessionsOf: () => store.sessionsOf('user', DATA, { current: SID }),
    destroyOf: () => store.destroyOf('user', DATA, { except: SID, handle: SID }),
    withLock: () => store.withLock(SID, { wait: 0 }, async () => DATA),
  };
  for (const [name, call] of Object.entries(calls)) {
    try {
      await call();
    } catch (error) {
      print(name, error);
    }
  }
}

/** Prints the errors for options with secrets that cannot be used. */
function refuse() {
  const bad = [
    { encryption: { keys: [ENCRYPTION_KEY.subarray(1)] } },
    { encryption: { keys: ENCRYPTION_KEY.toString('base64') } },
    { encryption: { keys: [`${ENCRYPTION_KEY}`] } },
    { encryption: `${ENCRYPTION_KEY}` },
    { hashIds: { secret: 'hunter2' } },
    { hashIds: { secret: [ID_SECRET, 'hunter2'] } },
    { hashIds: ID_SECRET },
    { hashIds: { secret: { secret: ID_SECRET } } },
  ];
  for (const [number, options] of bad.entries()) {
    try {
      print(`bad options ${number}`, new DynamoDBStore(options));
    } catch (error) {
      print(`bad options ${number}`, error);
    }
  }
}

/** Prints the messages on the package's channels, each once. */
function printMessages({ entries }) {
  for (const { name, event, message } of entries.splice(0)) {
    if (event !== undefined && event !== 'asyncEnd') continue;
    console.log(`--- ${name} ${event ?? ''}\n${inspect(message, { depth: 20 })}`);
  }
}

async function main(way) {
  refuse();
  const heard = hear();
  let answer;
  const stub = await startStub((call) => answer(call));
  const settings = { endpoint: stub.endpoint, region: 'us-east-1', maxAttempts: 2 };
  for (const [name, each] of Object.entries(ANSWERS)) {
    answer = each;
    console.log(`=== ${name}`);
    const store = new DynamoDBStore({
      initialized: true,
      specialKeys: [{ name: 'special', type: 'S' }],
      ...WAYS[way](settings),
    });
    for (const event of ['warning', 'unavailable', 'available']) {
      store.on(event, (error) => print(event, error));
    }
    await fail(store);
    print('store', store);
    print('stats', store.stats());
    await store.close();
    printMessages(heard);
  }
  // A client that the application has made is its own.
  if (way !== 'adopted' && way !== 'called') {
    const store = new DynamoDBStore({ initialized: true, ...WAYS[way](settings) });
    print('client', store.client);
    console.log(inspect(store.client.initConfig, { depth: 1 }));
  }
  await stub.stop();
  process.stdout.write('', () => process.exit());
}

main(process.argv[2]);

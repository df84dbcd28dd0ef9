'use strict';

/** Clients of another copy of the AWS SDK than the one that the store finds. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { DynamoDBStore } = require('..');
const { local } = require('./support/clients');
const { newTable } = require('./support/dynamodb');
const { copySdk } = require('./support/sdk-copy');
const { storesOf } = require('./support/stores');

const { keep } = storesOf(DynamoDBStore);

/** What differs between versions: texts of functions, middleware, what is made for each client. */
const edits = [
  ['(endpointParams, context = {}) => {', '(endpointParams, context = {}) => { void 0;'],
  ['this.middlewareStack.use(getRecursionDetectionPlugin(this.config));', ''],
  ['config?.sha256 ?? Sha256', 'config?.sha256 ?? Sha256.bind(null)'],
];

/** Clients, each from its classes. */
const clients = {
  DynamoDBClient: 'new DynamoDBClient(settings)',
  DynamoDB: 'new DynamoDB(settings)',
  DynamoDBDocumentClient: 'DynamoDBDocumentClient.from(new DynamoDBClient(settings))',
  DynamoDBDocument: 'DynamoDBDocument.from(new DynamoDB(settings))',
};

/** What a process prints that has `client` from the SDK in `folder`: a line for a store with each of the options. */
async function outcome(folder, client, table, ...options) {
  const script = `
    const { createRequire } = require('node:module');
    const sdk = createRequire(${JSON.stringify(join(folder, 'index.js'))});
    const { DynamoDB, DynamoDBClient } = sdk('@aws-sdk/client-dynamodb');
    const { DynamoDBDocument, DynamoDBDocumentClient } = sdk('@aws-sdk/lib-dynamodb');
    if (DynamoDBClient === require('@aws-sdk/client-dynamodb').DynamoDBClient) throw new Error();
    const { DynamoDBStore } = require('.');
    const settings = ${JSON.stringify(local())};
    const client = ${client};
    async function use(options) {
      const store = new DynamoDBStore({ client, table: '${table}', ...options });
      await store.set('abc', { a: 1 });
      console.log(store.transport, (await store.get('abc')).a);
      await store.close();
    }
    async function main() {
      for (const options of ${JSON.stringify(options)}) {
        await use(options).catch(({ name, message }) => console.log(name, message));
      }
    }
    main();
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
    cwd: join(__dirname, '..'),
  });
  return stdout.trim();
}

describe.each([
  ['the same version', []],
  ['another version', edits],
])('a copy of %s:', (_which, changes) => {
  let copy;
  let table;
  beforeAll(async () => {
    copy = copySdk(changes);
    table = await newTable();
  });
  afterAll(() => copy.remove());

  test.each(Object.entries(clients))('%s is adopted', async (_name, client) => {
    expect(await outcome(copy.folder, client, table, {})).toBe('native 1');
  });

  test.each(Object.entries(clients))(
    '%s that was customised is called, and the reason is true',
    async (_name, client) => {
      const customised = `((made) => {
        made.middlewareStack.add((next) => next, { step: 'build', name: 'tracing' });
        return made;
      })(${client})`;
      const said = await outcome(copy.folder, customised, table, {}, { transport: 'native' });
      expect(said.split('\n')).toEqual([
        'client 1',
        'TypeError option "transport" cannot be "native": the middleware of the client was changed. Without "transport", the store calls the client',
      ]);
    },
  );
});

describe('a document client whose own DynamoDBClient cannot be found', () => {
  /** As where a bundler or a test runner has a registry of its own. */
  function newDocumentClient(settings) {
    let client;
    jest.isolateModules(() => {
      const { DynamoDBClient } = require('@aws-sdk/client-dynamodb');
      const { DynamoDBDocumentClient } = require('@aws-sdk/lib-dynamodb');
      client = DynamoDBDocumentClient.from(new DynamoDBClient({ ...local(), ...settings }));
    });
    return client;
  }

  test('is adopted, if all that it has is as the SDK found here has it', async () => {
    const client = newDocumentClient();
    const store = keep(new DynamoDBStore({ client, table: await newTable() }));
    await store.set('abc', { a: 1 });
    expect(await store.get('abc')).toMatchObject({ a: 1 });
    expect(store.transport).toBe('native');
  });

  test('is called otherwise, and the reason says what it was compared with', async () => {
    const endpointProvider = () => ({ url: new URL(process.env.DYNAMODB_ENDPOINT) });
    const client = newDocumentClient({ endpointProvider });
    const store = keep(new DynamoDBStore({ client, table: await newTable() }));
    expect(store.transport).toBe('client');
    expect(() => new DynamoDBStore({ client, transport: 'native' })).toThrow(
      'the client has its own "endpointProvider" (compared with the installed @aws-sdk/client-dynamodb)',
    );
  });
});

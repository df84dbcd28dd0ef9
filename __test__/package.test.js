'use strict';

/** The package as its users get it: packed, installed in an empty folder, loaded in each way. */

const { execFile } = require('node:child_process');
const {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { promisify } = require('node:util');

const run = promisify(execFile);
const root = join(__dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-package-'));
const modules = join(folder, 'node_modules');

beforeAll(async () => {
  // `npm install` of a tarball is no more than this, for a package without dependencies and
  // install scripts; the addon lies where the package of its platform would be.
  const shell = process.platform === 'win32';
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: root,
    shell,
  });
  const packed = JSON.parse(stdout);
  const [{ filename }] = Object.values(packed);
  for (const name of ['dynamo-session-store', 'connect-dynamodb']) {
    mkdirSync(join(modules, name), { recursive: true });
    const target = join(modules, name);
    await run('tar', ['-xzf', join(folder, filename), '-C', target, '--strip-components=1']);
  }
  for (const main of readdirSync(join(root, 'native')).filter((name) => name.endsWith('.node'))) {
    const platform = join(modules, `dynamo-session-store-${main.split('.').at(-2)}`);
    mkdirSync(platform);
    writeFileSync(join(platform, 'package.json'), JSON.stringify({ main }));
    symlinkSync(join(root, 'native', main), join(platform, main));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a file of a user's app prints. */
async function output(name, text) {
  writeFileSync(join(folder, name), text);
  return (await run(process.execPath, [name], { cwd: folder })).stdout.trim();
}

const withStore = "class Store extends require('node:events') {}";

test('holds no more than it needs', () => {
  const files = readdirSync(join(modules, 'dynamo-session-store')).sort();
  expect(files).toEqual([
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'LICENSE',
    'README.md',
    'SECURITY.md',
    'bench',
    'docs',
    'examples',
    'index.d.ts',
    'index.js',
    'koa.d.ts',
    'koa.js',
    'lib',
    'package.json',
    'shopify.d.mts',
    'shopify.d.ts',
    'shopify.js',
    'shopify.mjs',
    'streams.d.ts',
    'streams.js',
  ]);
});

test('has what its README links to', () => {
  const target = join(modules, 'dynamo-session-store');
  const text = readFileSync(join(target, 'README.md'), 'utf8');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
  const files = links.filter((link) => !/^(https?:|mailto:|#)/.test(link));
  expect(files.length).toBeGreaterThan(0);
  const missing = files.filter((link) => !existsSync(join(target, link.split('#')[0])));
  expect(missing).toEqual([]);
});

test('loads without express-session, any AWS SDK or any other package', async () => {
  const text = `${withStore}
    const connect = require('dynamo-session-store');
    const DynamoDBStore = connect({ Store });
    console.log(new DynamoDBStore({ table: 'abc' }).table, Object.keys(connect).join());`;
  expect(await output('common.cjs', text)).toBe('abc SessionStoreError,CHANNELS,DynamoDBStore');
});

test.each([
  ['cjs', "const { DynamoDBStore } = require('dynamo-session-store');"],
  ['mjs', "import { DynamoDBStore } from 'dynamo-session-store';"],
])('DynamoDBStore without express-session says what to do (%s)', async (extension, load) => {
  const text = `${load}
    class Mine extends DynamoDBStore {}
    for (const Class of [DynamoDBStore, Mine]) {
      try { new Class() } catch ({ code, message }) { console.log(code, message) }
    }`;
  const lines = (await output(`without-session.${extension}`, text)).split('\n');
  expect(lines).toHaveLength(2);
  for (const line of lines) {
    expect(line).toMatch(/^MODULE_NOT_FOUND DynamoDBStore needs express-session/);
    expect(line).toContain("require('dynamo-session-store')(require('express-session'))");
  }
});

test('loads for Koa, without any other package, from CommonJS and from ESM', async () => {
  const text = `
    import DynamoDBStore, { DynamoDBStore as named, SessionStoreError } from 'dynamo-session-store/koa';
    import { createRequire } from 'node:module';
    const required = createRequire(import.meta.url)('dynamo-session-store/koa');
    console.log(required === DynamoDBStore, named === DynamoDBStore, typeof SessionStoreError);
    console.log(new DynamoDBStore({ table: { name: 'abc' } }).tableName);`;
  expect(await output('koa.mjs', text)).toBe('true true function\nabc');
});

test('loads for Shopify, with the Session of the module system of the app', async () => {
  const name = '@shopify/shopify-api';
  mkdirSync(join(modules, '@shopify'));
  symlinkSync(join(root, 'node_modules', name), join(modules, name));
  const load = `
    const config = {
      region: 'r',
      endpoint: 'http://127.0.0.1:' + server.address().port,
      credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
    };
    const storage = new DynamoDBSessionStorage({ sessionTableName: 'abc', config });
    storage.loadSession('a').then((found) => console.log(found instanceof Session, found.id));`;
  const start = `
    const server = require('node:http').createServer((request, response) => {
      response.setHeader('connection', 'close');
      response.end(JSON.stringify({ Item: { id: { S: 'a' }, shop: { S: 's' } } }));
      server.close();
    });`;
  const common = `
    const { Session } = require('@shopify/shopify-api');
    const { DynamoDBSessionStorage } = require('dynamo-session-store/shopify');
    ${start}
    server.listen(0, '127.0.0.1', () => { ${load} });`;
  expect(await output('shopify.cjs', common)).toBe('true a');
  const esm = `
    import { createRequire } from 'node:module';
    import { Session } from '@shopify/shopify-api';
    import { DynamoDBSessionStorage, SessionStoreError } from 'dynamo-session-store/shopify';
    const require = createRequire(import.meta.url);
    ${start}
    if (!(SessionStoreError.prototype instanceof Error)) throw new Error('no error class');
    server.listen(0, '127.0.0.1', () => { ${load} });`;
  expect(await output('shopify.mjs', esm)).toBe('true a');
});

test('without any AWS SDK: requests go out, and what needs a client says so', async () => {
  const text = `${withStore}
    const DynamoDBStore = require('dynamo-session-store')({ Store });
    const KoaStore = require('dynamo-session-store/koa');
    const server = require('node:http').createServer((request, response) => {
      response.setHeader('connection', 'close');
      response.end(JSON.stringify({ Item: { sess: { S: '{"a":1}' } } }));
      server.close();
    });
    const said = (make) => {
      try { make() } catch ({ name, code, message }) { console.log(name, code, message) }
    };
    server.listen(0, '127.0.0.1', async () => {
      const endpoint = 'http://127.0.0.1:' + server.address().port;
      const credentials = { accessKeyId: 'a', secretAccessKey: 's' };
      const dynamoConfig = { region: 'r', endpoint, credentials };
      const store = new DynamoDBStore({ initialized: true, dynamoConfig });
      console.log(store.transport, await store.get('abc'));
      said(() => store.client);
      said(() => new KoaStore({ dynamoConfig }).dynamoService);
      said(() => new DynamoDBStore({ dynamoConfig, transport: 'client' }));
      said(() => new DynamoDBStore({ dynamoConfig: { ...dynamoConfig, logger: console } }));
      await new DynamoDBStore({ initialized: true, client: { send() {} } })
        .get('abc').catch(({ name, code, message }) => console.log(name, code, message));
    });`;
  expect((await output('without-sdk.cjs', text)).split('\n')).toEqual([
    'native { a: 1 }',
    'SessionStoreError ERR_SESSION_CLIENT the store makes a client with @aws-sdk/client-dynamodb or aws-sdk, but found no such package: install @aws-sdk/client-dynamodb',
    'SessionStoreError ERR_SESSION_CLIENT the store makes a client with aws-sdk or @aws-sdk/client-dynamodb, but found no such package: install aws-sdk',
    'SessionStoreError ERR_SESSION_CLIENT the store makes a client with @aws-sdk/client-dynamodb or aws-sdk, but found no such package: install @aws-sdk/client-dynamodb',
    'TypeError ERR_INVALID_ARG_VALUE option "dynamoConfig.logger" needs a client of an AWS SDK: the store makes a client with @aws-sdk/client-dynamodb or aws-sdk, but found no such package: install @aws-sdk/client-dynamodb',
    'TypeError ERR_SESSION_CLIENT the client takes commands of @aws-sdk/client-dynamodb, which was not found: install it',
  ]);
});

test('finds the AWS SDK of the program that was started, wherever that was', async () => {
  const name = '@aws-sdk/client-dynamodb';
  const app = join(folder, 'linked');
  mkdirSync(join(app, 'node_modules', '@aws-sdk'), { recursive: true });
  symlinkSync(join(root, 'node_modules', name), join(app, 'node_modules', name));
  const text = `
    const KoaStore = require(${JSON.stringify(join(modules, 'dynamo-session-store', 'koa.js'))});
    const { DynamoDB } = require('${name}');
    const store = new KoaStore({ dynamoConfig: { region: 'r' } });
    console.log(store.client instanceof DynamoDB);`;
  writeFileSync(join(app, 'app.cjs'), text);
  const args = ['--no-warnings', join(app, 'app.cjs')];
  const { stdout } = await run(process.execPath, args, { cwd: tmpdir() });
  expect(stdout.trim()).toBe('true');
});

test('loads under the name of connect-dynamodb', async () => {
  const text = `${withStore}
    const DynamoDBStore = require('connect-dynamodb')({ session: { Store } });
    console.log(new DynamoDBStore() instanceof Store);`;
  expect(await output('alias.cjs', text)).toBe('true');
});

test('loads from ESM, with express-session', async () => {
  symlinkSync(join(root, 'node_modules', 'express-session'), join(modules, 'express-session'));
  const text = `
    import session from 'express-session';
    import connect, { DynamoDBStore, SessionStoreError } from 'dynamo-session-store';
    console.log(connect(session) === DynamoDBStore, new DynamoDBStore() instanceof session.Store);
    console.log(new SessionStoreError({ message: 'm', code: 'c' }) instanceof Error);`;
  expect(await output('esm.mjs', text)).toBe('true true\ntrue');
});

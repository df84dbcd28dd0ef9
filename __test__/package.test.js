'use strict';

/** The package as its users get it: packed, installed in an empty folder, loaded in each way. */

const { execFile } = require('node:child_process');
const {
  mkdirSync,
  mkdtempSync,
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
    for (const addon of readdirSync(join(root, 'native')).filter((file) =>
      file.endsWith('.node'),
    )) {
      symlinkSync(join(root, 'native', addon), join(target, 'native', addon));
    }
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
    'LICENSE',
    'README.md',
    'index.d.ts',
    'index.js',
    'koa.d.ts',
    'koa.js',
    'lib',
    'native',
    'package.json',
    'shopify.d.mts',
    'shopify.d.ts',
    'shopify.js',
    'shopify.mjs',
  ]);
});

test('loads without express-session, any AWS SDK or any other package', async () => {
  const text = `${withStore}
    const connect = require('dynamo-session-store');
    const DynamoDBStore = connect({ Store });
    console.log(new DynamoDBStore({ table: 'abc' }).table, Object.keys(connect).join());
    try { connect.DynamoDBStore } catch ({ code }) { console.log(code) }`;
  expect(await output('common.cjs', text)).toBe(
    'abc SessionStoreError,DynamoDBStore\nMODULE_NOT_FOUND',
  );
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
    const storage = new DynamoDBSessionStorage({ sessionTableName: 'abc', client });
    storage.loadSession('a').then((found) => console.log(found instanceof Session, found.id));`;
  const client = `
    const server = require('node:http').createServer((request, response) => {
      response.end(JSON.stringify({ Item: { id: { S: 'a' }, shop: { S: 's' } } }));
      server.close();
    });
    const client = {
      send() {},
      config: {
        region: async () => 'r',
        endpoint: async () => ({ hostname: '127.0.0.1', protocol: 'http:', port: server.address().port }),
        credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 's' }),
      },
    };`;
  const common = `
    const { Session } = require('@shopify/shopify-api');
    const { DynamoDBSessionStorage } = require('dynamo-session-store/shopify');
    ${client}
    server.listen(0, '127.0.0.1', () => { ${load} });`;
  expect(await output('shopify.cjs', common)).toBe('true a');
  const esm = `
    import { createRequire } from 'node:module';
    import { Session } from '@shopify/shopify-api';
    import { DynamoDBSessionStorage, SessionStoreError } from 'dynamo-session-store/shopify';
    const require = createRequire(import.meta.url);
    ${client}
    if (!(SessionStoreError.prototype instanceof Error)) throw new Error('no error class');
    server.listen(0, '127.0.0.1', () => { ${load} });`;
  expect(await output('shopify.mjs', esm)).toBe('true a');
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

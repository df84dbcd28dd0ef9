'use strict';

/**
 * The code of the documentation. JavaScript runs as a program of its own on DynamoDB Local,
 * TypeScript is type-checked, JSON and YAML are parsed. Shell commands, Terraform and Dockerfiles
 * are not run. A comment `before:` or `after:` beside a block has code that readers need not see;
 * `no-run: reason` after the language leaves a block out.
 */

const { spawn } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const { once } = require('node:events');
const { mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { text } = require('node:stream/consumers');
const yaml = require('js-yaml');
const ts = require('typescript');
const {
  CreateTableCommand,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} = require('@aws-sdk/client-dynamodb');
const { DynamoDBStore } = require('dynamo-session-store');
const { DynamoDBSessionStorage } = require('dynamo-session-store/shopify');
const { client, credentials, dynamoConfig, newTableName, region } = require('./support/dynamodb');
const { blocks, pages, root } = require('./support/markdown');

/** What the blocks of a page may be; a block without a language is one that was forgotten. */
const LANGUAGES = ['dockerfile', 'hcl', 'js', 'json', 'sh', 'text', 'ts', 'yaml'];
const REASON = /^no-run: \S/;

const all = pages()
  .filter((page) => /^(README|docs\/.*|examples\/.*)\.md$/.test(page))
  .flatMap(blocks);
const named = (each) => [each.name, each];
const runnable = (language) =>
  all.filter((each) => each.language === language && each.mark === '').map(named);

/** Inside of the package, so that programs find it by its own name, and its dependencies. */
let folder;
beforeAll(() => {
  mkdirSync(join(root, 'target'), { recursive: true });
  folder = mkdtempSync(join(root, 'target', 'docs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The program of a block, with tables that no other test has. */
function programOf({ before, code, after }) {
  return [before, code, after]
    .join('\n')
    .replaceAll(/'(?:koa-)?sessions'/g, () => `'${newTableName()}'`)
    .replaceAll('http://localhost:8000', process.env.DYNAMODB_ENDPOINT);
}

function start(block) {
  const program = programOf(block);
  const extension = /^import /m.test(program) ? 'mjs' : 'cjs';
  const file = join(folder, `${randomUUID()}.${extension}`);
  writeFileSync(file, program);
  const preload = join(__dirname, 'support', 'example-preload.js');
  const child = spawn(process.execPath, ['--require', preload, file], {
    env: {
      ...process.env,
      NODE_ENV: 'development',
      // What the AWS SDK says of Node 20 is none of this package's.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      AWS_ENDPOINT_URL_DYNAMODB: process.env.DYNAMODB_ENDPOINT,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  return {
    child,
    port: once(child, 'message'),
    exit: once(child, 'exit'),
    stderr: text(child.stderr),
  };
}

/** Two visits of the first page, by one browser. */
async function visitTwice(port) {
  const url = `http://127.0.0.1:${port}/`;
  const first = await fetch(url);
  const cookie = first.headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
  const second = await fetch(url, { headers: { cookie } });
  return [first, second];
}

test('each block names its language, and why it is left out if it is', () => {
  const wrong = all.filter(
    ({ language, mark }) => !LANGUAGES.includes(language) || (mark !== '' && !REASON.test(mark)),
  );
  expect(wrong.map(({ name }) => name)).toEqual([]);
});

test.each(runnable('js'))('%s: runs, and has nothing to complain about', async (_name, block) => {
  const { child, port, exit, stderr } = start(block);
  try {
    const listening = await Promise.race([port, exit.then(() => undefined)]);
    if (listening === undefined) {
      expect([...(await exit), await stderr]).toEqual([0, null, '']);
      return;
    }
    const [first, second] = await visitTwice(listening[0]);
    const bodies = [await first.text(), await second.text()];
    child.kill('SIGKILL');
    expect([first.status, second.status, await stderr]).toEqual([200, 200, '']);
    // A page that counts visits finds its session again.
    if (bodies[0] === 'Visit 1') expect(bodies[1]).toBe('Visit 2');
  } finally {
    child.kill('SIGKILL');
  }
});

test('all TypeScript is free of type errors', () => {
  const names = new Map(
    runnable('ts').map(([name, { before, code, after }], index) => {
      const file = join(folder, `block-${index}.ts`);
      writeFileSync(file, [before, code, after, 'export {};'].join('\n'));
      return [file, name];
    }),
  );
  const program = ts.createProgram([...names.keys()], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
  });
  const errors = ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const where = names.get(file?.fileName) ?? file?.fileName;
    return `${where}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
  expect(names.size).toBeGreaterThan(0);
  expect(errors).toEqual([]);
});

test.each(runnable('json'))('%s: is JSON', (_name, { code }) => {
  const { Statement = [] } = JSON.parse(code);
  for (const { Effect, Action, Resource } of Statement) {
    expect(Effect).toBe('Allow');
    for (const action of Action) expect(action).toMatch(/^dynamodb:[A-Z][A-Za-z]+$/);
    for (const resource of [Resource].flat()) expect(resource).toMatch(/^arn:aws:dynamodb:/);
  }
});

const tables = runnable('yaml').flatMap(([name, { code }]) =>
  Object.values(yaml.load(code).Resources ?? {})
    .filter(({ Type }) => Type === 'AWS::DynamoDB::Table')
    .map(({ Properties }) => [name, Properties]),
);

test.each(tables)('%s: a table that a store can use', async (_name, properties) => {
  const { TimeToLiveSpecification, ...table } = properties;
  const TableName = newTableName();
  await client.send(new CreateTableCommand({ ...table, TableName }));
  const waiting = { client, minDelay: 0.05, maxDelay: 1, maxWaitTime: 30 };
  await waitUntilTableExists(waiting, { TableName });
  if (TimeToLiveSpecification) {
    const settings = { TableName, TimeToLiveSpecification };
    await client.send(new UpdateTimeToLiveCommand(settings));
  }
  if (table.GlobalSecondaryIndexes) await useForShopify(TableName);
  else await useForExpress(TableName);
});

async function useForExpress(table) {
  const store = new DynamoDBStore({ table, initialized: true, dynamoConfig: dynamoConfig() });
  await store.set('one', { cookie: { maxAge: 60_000 }, user: 'Ann' });
  expect(await store.get('one')).toMatchObject({ user: 'Ann' });
  await store.close();
}

async function useForShopify(sessionTableName) {
  const storage = new DynamoDBSessionStorage({ sessionTableName, config: dynamoConfig() });
  await storage.storeSession({ id: 'one', shop: 'a', state: '', isOnline: false });
  expect(await storage.findSessionsByShop('a')).toHaveLength(1);
  await storage.close();
}

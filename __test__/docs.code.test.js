'use strict';

/**
 * The code of the documentation. JavaScript runs as a program of its own on DynamoDB Local,
 * TypeScript is type-checked, JSON and YAML are parsed. Shell commands, Terraform and Dockerfiles
 * are not run. A comment `before:` or `after:` beside a block has code that readers need not see.
 * After the language, `in: examples/name` leaves a block to the test of that example, and
 * `no-run: reason` leaves it out.
 */

const { mkdirSync, mkdtempSync, rmSync } = require('node:fs');
const { join } = require('node:path');
const yaml = require('js-yaml');
const ts = require('typescript');
const { DynamoDBStore } = require('dynamo-session-store');
const { DynamoDBSessionStorage } = require('dynamo-session-store/shopify');
const { dynamoConfig, newTableName, send, tableIsActive } = require('./support/dynamodb');
const { documented, root } = require('./support/markdown');
const { runProgram, typeErrors } = require('./support/programs');

/** What the blocks of a page may be; a block without a language is one that was forgotten. */
const LANGUAGES = ['dockerfile', 'hcl', 'js', 'json', 'sh', 'text', 'ts', 'yaml'];
const MARKS = /^(|no-run: \S.*|in: examples\/[a-z]+)$/;

const all = documented();

/** The blocks of a language that no mark leaves out, by name. */
const unmarked = (language) =>
  all
    .filter((each) => each.language === language && each.mark === '')
    .map((each) => [each.name, each]);

/** Inside of the package, so that programs find it by its own name, and its dependencies. */
let folder;
beforeAll(() => {
  mkdirSync(join(root, 'target'), { recursive: true });
  folder = mkdtempSync(join(root, 'target', 'docs-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('each block names its language, and why it is left out if it is', () => {
  const wrong = all.filter(
    ({ language, mark }) => !LANGUAGES.includes(language) || !MARKS.test(mark),
  );
  expect(wrong.map(({ name }) => name)).toEqual([]);
});

test.each(unmarked('js'))('%s: runs, and has nothing to complain about', (_name, block) =>
  runProgram(folder, block),
);

test('all TypeScript is free of type errors', () => {
  const blocks = unmarked('ts').map(([, block]) => block);
  expect(blocks).not.toEqual([]);
  expect(typeErrors(folder, blocks, { module: ts.ModuleKind.NodeNext })).toEqual([]);
});

test.each(unmarked('json'))('%s: is JSON', (_name, { code }) => {
  const { Statement = [] } = JSON.parse(code);
  for (const { Effect, Action, Resource } of Statement) {
    expect(Effect).toBe('Allow');
    for (const action of Action) expect(action).toMatch(/^dynamodb:[A-Z][A-Za-z]+$/);
    for (const resource of [Resource].flat()) expect(resource).toMatch(/^arn:aws:dynamodb:/);
  }
});

const tables = unmarked('yaml').flatMap(([name, { code }]) =>
  Object.values(yaml.load(code).Resources ?? {})
    .filter(({ Type }) => Type === 'AWS::DynamoDB::Table')
    .map(({ Properties }) => [name, Properties]),
);

test.each(tables)('%s: a table that a store can use', async (_name, properties) => {
  const { TimeToLiveSpecification, ...table } = properties;
  const TableName = newTableName();
  await send('CreateTable', { ...table, TableName });
  await tableIsActive(TableName);
  if (TimeToLiveSpecification) {
    await send('UpdateTimeToLive', { TableName, TimeToLiveSpecification });
  }
  const indexes = (table.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => IndexName);
  if (indexes.includes('shop_index')) await useForShopify(TableName);
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

'use strict';

/** The lines that `import` takes, leaves and refuses. */

const { command } = require('./support/command');
const { items, newTable } = require('./support/dynamodb');

let where;
let table;
beforeEach(async () => {
  table = await newTable();
  where = `--table ${table}`;
});

const lines = (...records) => records.map((record) => JSON.stringify(record)).join('\n');

const session = { cookie: {} };
const imported = async (input, flags = '') => {
  const { code, errors, json } = await command(`import - ${where} ${flags} --json`, { input });
  return { code, errors, ...json };
};

test('goes on after a line that DynamoDB refuses', async () => {
  const input = lines({ sid: 'x'.repeat(3000), session }, { sid: 'y', session });
  const { errors, ...result } = await imported(input);
  expect(result).toEqual({ code: 1, written: 1, existing: 0, ended: 0, wrong: 1 });
  expect(errors).toMatch(/^Line 1: .* \[ValidationException\]\n$/);
  expect(Object.keys(await items(table))).toEqual(['sess:y']);
});

test('skips a byte order mark', async () => {
  expect(await imported(`\ufeff${lines({ sid: 'y', session })}`)).toMatchObject({
    code: 0,
    written: 1,
  });
});

test('writes one of two lines with the same id, unless --overwrite', async () => {
  const input = lines({ sid: 'y', session }, { sid: 'y', session }, { sid: 'z', session });
  expect(await imported(input, '--dry-run')).toMatchObject({ written: 2, existing: 1 });
  expect(await imported(input)).toMatchObject({ code: 0, written: 2, existing: 1 });
  expect(await imported(input, '--overwrite --yes')).toMatchObject({ written: 3, existing: 0 });
});

test.each([
  ['express', { user: 'ann' }, /^Line 1: "session" must have an object "cookie"/],
  ['express', { cookie: 5 }, /^Line 1: "session" must have an object "cookie"/],
  ['shopify', { id: 'y' }, /^Line 1: "session" must have a text "shop"/],
  ['shopify', { id: 'z', shop: 'a.myshopify.com' }, /^Line 1: "session" must have the "id"/],
])('for %s, %j is wrong', async (store, wrong, message) => {
  const { errors, ...result } = await imported(
    lines({ sid: 'y', session: wrong }),
    `--store ${store}`,
  );
  expect(errors).toMatch(message);
  expect(result).toEqual({ code: 1, written: 0, existing: 0, ended: 0, wrong: 1 });
});

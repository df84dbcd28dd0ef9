'use strict';

/** The command with texts of visitors, and with arguments and items that are easily taken for others. */

const { command } = require('./support/command');
const { items, newTable, putItem, seconds } = require('./support/dynamodb');
const { handleOf } = require('../lib/handle');

let table;
let where;
beforeEach(async () => {
  table = await newTable();
  where = `--table ${table}`;
});

const lines = (...records) => records.map((record) => JSON.stringify(record)).join('\n');

const item = (sid, sess) => ({
  id: { S: `sess:${sid}` },
  type: { S: 'connect-session' },
  sess: { S: sess },
  expires: { N: String(seconds() + 600) },
});

describe('texts that would change what a terminal shows', () => {
  const evil = 'x\x1b]52;c;AAAA\x07\x1b[2J\r\n\tfake\x7f\u009b31m\u202egnp.exe\u2066';
  const shown = String.raw`x\x1b]52;c;AAAA\x07\x1b[2J\r\n\tfake\x7f\x9b31m\u202egnp.exe\u2066`;
  const session = { cookie: { path: evil }, user: evil, [evil]: { [evil]: evil } };
  // All but the ends of lines.
  const raw = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;
  const hasRaw = (text) => raw.test(text.replaceAll('\n', ''));

  beforeEach(async () => {
    await command(`import - ${where}`, { input: lines({ sid: 'sid', session }) });
  });

  test.each(['list', 'list --ids', 'show sid', 'show sid --data'])(
    '%s escapes them',
    async (line) => {
      const { code, out } = await command(`${line} ${where}`);
      expect([code, hasRaw(out)]).toEqual([0, false]);
      expect(out).toContain(shown);
    },
  );

  test.each(['list --json', 'show sid --data --json', 'export'])(
    '%s escapes them as JSON does',
    async (line) => {
      const { code, out } = await command(`${line} ${where}`);
      expect([code, hasRaw(out)]).toEqual([0, false]);
      expect(out).toContain(String.raw`\u001b]52`);
      expect(JSON.stringify(JSON.parse(out))).toContain(JSON.stringify(evil).slice(1, -1));
    },
  );

  test('the colours of the command stay, and those of visitors do not', async () => {
    const user = '\x1b[31mred';
    await command(`import - ${where} --overwrite --yes`, {
      input: lines({ sid: 'sid', session: { cookie: {}, user } }),
    });
    const { out } = await command(`show sid ${where}`, { env: { FORCE_COLOR: '1' } });
    expect(out).toContain('\x1b[2muser\x1b[22m');
    expect(out).toContain(String.raw`\x1b[31mred`);
    expect(out).not.toContain(user);
  });

  test('errors escape them', async () => {
    const { errors } = await command(`list ${where} --config`, { args: [`${evil}.js`] });
    expect(errors).toContain('fake');
    expect(hasRaw(errors)).toBe(false);
    const { errors: unknown } = await command('list', { args: [`--${evil}`] });
    expect(unknown).toContain('fake');
    expect(hasRaw(unknown)).toBe(false);
  });
});

test('a handle that begins with a dash is no flag', async () => {
  const sids = Array.from({ length: 40_000 }, (_, number) => `session-${number}`);
  const dashed = (text) => sids.find((sid) => handleOf(`sess:${sid}`).startsWith(text));
  const names = ['-h', '--', '-'].map(dashed);
  expect(names).not.toContain(undefined);
  await Promise.all(names.map((sid) => putItem(table, item(sid, '{"cookie":{}}'))));
  for (const sid of names) {
    const handle = handleOf(`sess:${sid}`);
    const { json } = await command(`show ${handle} ${where} --json`);
    expect(json.handle).toBe(handle);
    const args = ['--endpoint', process.env.DYNAMODB_ENDPOINT, '--', handle];
    expect((await command(`show ${where}`, { args, endpoint: null })).code).toBe(0);
    expect((await command(`destroy ${handle} ${where}`)).out).toBe('Ended 1 session.\n');
  }
  expect(await items(table)).toEqual({});
  // A flag with a wrong name has 22 characters too, and the value of a flag is no handle.
  const wrong = await command(`show x --expires-attributeses ${where}`);
  expect(wrong.errors).toMatch(/unknown option '--expires-attributeses'/);
  const user = handleOf('sess:x').replace(/^./, '-');
  expect((await command(`destroy --user ${user} ${where}`)).code).toBe(3);
});

test('a session that is named twice is ended once', async () => {
  await putItem(table, item('a', '{"cookie":{}}'));
  const args = ['a', 'a', handleOf('sess:a'), 'b', 'b'];
  const { code, json } = await command(`destroy ${where} --json`, { args });
  expect(json).toEqual({ destroyed: 1, missing: 1, handles: [handleOf('sess:a')] });
  expect(code).toBe(3);
});

test('an item for which an application gets no session is none', async () => {
  const texts = ['null', '5', '"secret"', '[]', '{secret'];
  for (const text of texts) {
    await putItem(table, item('sid', text));
    expect(await command(`show sid ${where}`)).toEqual(
      expect.objectContaining({ code: 3, out: '', errors: 'There is no such session.\n' }),
    );
    expect((await command(`destroy sid ${where}`)).out).toBe('Ended 1 session.\n');
  }
});

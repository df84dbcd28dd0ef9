'use strict';

/** The command on a terminal: a pseudoterminal. Runs on the published form too. */

const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { findLibc } = require('../lib/native.error');
const { credentials, items, newTable, putItem, region, seconds } = require('./support/dynamodb');
const { startProxy } = require('./support/proxy-dynamodb');

/** The pseudoterminals have no binary for musl, and Windows has terminals of another kind. */
const hasTerminals = process.platform !== 'win32' && findLibc().family !== 'musl';
const onTerminal = hasTerminals ? test : test.skip;

const MAIN = join(__dirname, '..', 'cli', 'main.js');
const ESC = '\u001b';

let folder;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-terminal-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts the command on a terminal. */
function start(args, env = {}) {
  const pty = require('@lydell/node-pty');
  const terminal = pty.spawn(process.execPath, [MAIN, ...args], {
    cols: 120,
    rows: 40,
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      TERM: 'xterm-256color',
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_REGION: region,
      AWS_ENDPOINT_URL_DYNAMODB: process.env.DYNAMODB_ENDPOINT,
      ...env,
    },
  });
  let screen = '';
  let look = () => {};
  terminal.onData((data) => {
    screen += data;
    look();
  });
  const ended = new Promise((resolve) => terminal.onExit(({ exitCode }) => resolve(exitCode)));
  return {
    /** Waits until the terminal has shown this. */
    shows: (pattern) =>
      new Promise((resolve) => {
        look = () => pattern.test(screen) && resolve();
        look();
      }),
    type: (keys) => terminal.write(keys),
    /** The exit code, and all that was shown. */
    end: async () => ({ code: await ended, screen }),
  };
}

/** A table with sessions. */
async function filledTable(count) {
  const table = await newTable();
  const put = (number) =>
    putItem(table, {
      id: { S: `sess:${`${number}`.padStart(32, 's')}` },
      type: { S: 'connect-session' },
      sess: { S: JSON.stringify({ cookie: {}, user: number % 2 ? 'ann' : 'bob' }) },
      expires: { N: String(seconds() + 3600) },
    });
  await Promise.all(Array.from({ length: count }, (_, number) => put(number)));
  return table;
}

onTerminal('colours, unless NO_COLOR is set', async () => {
  const table = await filledTable(3);
  const coloured = await start(['list', '--table', table]).end();
  expect(coloured.code).toBe(0);
  expect(coloured.screen).toContain(`${ESC}[2mHANDLE${ESC}[22m`);
  const plain = await start(['list', '--table', table], { NO_COLOR: '1' }).end();
  expect(plain.screen).toMatch(/^HANDLE/);
  expect(plain.screen).not.toContain(ESC);
});

onTerminal('a question before all sessions of a user end', async () => {
  const table = await filledTable(4);
  const args = ['destroy', '--user', 'ann', '--table', table];
  const no = start(args);
  await no.shows(/End 2 sessions of this user in table ".*"\? .*\[y\/N\]/);
  no.type('\r');
  expect(await no.end()).toMatchObject({
    code: 130,
    screen: expect.stringContaining('Nothing was changed.'),
  });
  const interrupted = start(args);
  await interrupted.shows(/\[y\/N\]/);
  interrupted.type('\u0003');
  expect((await interrupted.end()).code).toBe(130);
  expect(Object.keys(await items(table))).toHaveLength(4);
  const yes = start(args);
  await yes.shows(/\[y\/N\]/);
  yes.type('y\r');
  expect(await yes.end()).toMatchObject({
    code: 0,
    screen: expect.stringContaining('Ended 2 sessions.'),
  });
  expect(Object.keys(await items(table))).toHaveLength(2);
});

onTerminal('a progress bar, which is removed at the end and on Ctrl-C', async () => {
  const table = await filledTable(40);
  const copy = await newTable();
  const args = ['migrate', '--from-table', table, '--to-table', copy, '--yes'];
  const done = await start([...args, '--dry-run']).end();
  expect(done.code).toBe(0);
  // The bar, with a hidden cursor, and the cleared line before the result.
  expect(done.screen).toContain(`${ESC}[?25l`);
  expect(done.screen).toMatch(/█+░*.* Checked: \d+ \(\d+ %\)/);
  expect(done.screen).toContain(`${ESC}[?25h`);
  expect(done.screen).toContain('Would move 40 sessions.');

  const proxy = await startProxy();
  let writes = 0;
  let release;
  const isReleased = new Promise((resolve) => {
    release = resolve;
  });
  // The first sessions are written, and the others wait until Ctrl-C has arrived.
  proxy.hooks.before = async ({ operation }) => {
    if (operation === 'PutItem' && ++writes > 3) await isReleased;
  };
  const slow = start([...args, '--resume-file', 'resume', '--segments', '1'], {
    AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint,
  });
  await slow.shows(/Migrated: \d+/);
  slow.type('\u0003');
  await slow.shows(/\^C/);
  release();
  const stopped = await slow.end();
  await proxy.stop();
  expect(stopped.code).toBe(130);
  expect(stopped.screen).toMatch(/Stopped\. Run the command again.*\r\n$/);
  expect(stopped.screen.lastIndexOf(`${ESC}[?25h`)).toBeGreaterThan(
    stopped.screen.lastIndexOf('█'),
  );
  expect(Object.keys(await items(copy)).length).toBeLessThan(40);
});

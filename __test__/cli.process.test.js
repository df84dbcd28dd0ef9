'use strict';

/** The command as a process: exit codes, streams, secrets and signals. Runs on the published form too. */

const { execFile, spawn, spawnSync } = require('node:child_process');
const {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { text } = require('node:stream/consumers');
const { credentials, items, newTable, newTableName, region } = require('./support/dynamodb');
const { startProxy } = require('./support/proxy-dynamodb');

const MAIN = join(__dirname, '..', 'cli', 'main.js');

let folder;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-process-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const environment = () => ({
  PATH: process.env.PATH,
  SystemRoot: process.env.SystemRoot,
  HOME: folder,
  USERPROFILE: folder,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_REGION: region,
  AWS_ENDPOINT_URL_DYNAMODB: process.env.DYNAMODB_ENDPOINT,
  AWS_EC2_METADATA_DISABLED: 'true',
});

/** Runs the command, and returns its exit code and texts. */
function run(args, { env = {}, input } = {}) {
  return new Promise((resolve) => {
    const options = { env: { ...environment(), ...env }, cwd: folder };
    const child = execFile(process.execPath, [MAIN, ...args], options, (error, out, errors) =>
      resolve({ code: error ? error.code : 0, out, errors }),
    );
    child.stdin.end(input);
  });
}

/** Lines of an import. */
const lines = (count) =>
  Array.from({ length: count }, (_, number) =>
    JSON.stringify({ sid: `${number}`.padStart(32, 's'), session: { cookie: {}, number } }),
  ).join('\n');

test('help lists the commands and the exit codes', async () => {
  const [main, list, none] = await Promise.all([run(['--help']), run(['list', '--help']), run([])]);
  expect(main.code).toBe(0);
  const commands = [
    'create-table',
    'enable-ttl',
    'list',
    'show',
    'destroy',
    'stats',
    'reap',
    'migrate',
  ];
  for (const name of [...commands, 'export', 'import']) {
    expect(main.out).toMatch(new RegExp(`^  ${name} `, 'm'));
  }
  expect(main.out).toContain('Exit codes: 0 done, 1 failed');
  expect(main.errors).toBe('');
  for (const flag of ['--table', '--endpoint', '--region', '--profile', '--store', '--json']) {
    expect(list.out).toContain(flag);
  }
  expect(none).toMatchObject({ code: 2, out: '' });
});

test('a life of a table: each step has its exit code, stdout the result, and stderr the rest', async () => {
  const table = newTableName();
  const where = ['--table', table];
  const missing = await run(['list', ...where]);
  expect(missing).toMatchObject({ code: 1, out: '' });
  expect(missing.errors).toMatch(/^Error: .*does not exist.* \[ResourceNotFoundException\]\n$/);
  expect((await run(['list', ...where, '--verbose'])).errors).toMatch(/^ +at /m);

  const created = await run(['create-table', ...where, '--pay-per-request']);
  expect(created).toEqual({
    code: 0,
    out: `Created table "${table}", with time to live on "expires".\n`,
    errors: '',
  });
  const imported = await run(['import', '-', ...where, '--json'], { input: `${lines(30)}\nx` });
  expect(imported).toMatchObject({ code: 1, errors: 'Line 31: it is no JSON.\n' });
  expect(JSON.parse(imported.out)).toMatchObject({ written: 30, wrong: 1 });
  expect((await run(['list', ...where])).out.trim().split('\n')).toHaveLength(31);
  expect((await run(['show', 'none', ...where])).code).toBe(3);
});

test('options come from an ES module', async () => {
  const table = await newTable();
  writeFileSync(join(folder, 'options.mjs'), `export default { table: ${JSON.stringify(table)} };`);
  writeFileSync(join(folder, 'await.mjs'), `await 0; export default { store: 'koa', table: {} };`);
  const [own, later] = await Promise.all([
    run(['stats', '--json', '--config', 'options.mjs']),
    run(['policy', '--config', 'await.mjs']),
  ]);
  expect(own).toMatchObject({ code: 0, errors: '' });
  expect(JSON.parse(own.out)).toMatchObject({ table, live: 0 });
  expect(later).toMatchObject({ code: 0, errors: '' });
});

test('no credentials: the error says so, without a stack', async () => {
  const env = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' };
  const { code, out, errors } = await run(['list'], { env });
  expect([code, out]).toEqual([1, '']);
  expect(errors).toMatch(/^Error: .*credentials.* \[ERR_SESSION_CREDENTIALS\]\n$/s);
  expect(errors).not.toMatch(/^ +at /m);
});

test('secrets are refused as arguments, and printed nowhere', async () => {
  const table = await newTable();
  const key = `${'hunter2'.repeat(6)}k`;
  const secret = 'hunter2'.repeat(6);
  const env = {
    DYNAMO_SESSION_STORE_ENCRYPTION_KEYS: key,
    DYNAMO_SESSION_STORE_ID_SECRETS: secret,
    DEBUG: '*',
    RUST_LOG: 'trace',
  };
  const config = join(folder, 'broken.json');
  writeFileSync(config, '{"encryption": {"keys": ["hunter2"]}, ');
  const where = ['--table', table];
  const outputs = [
    await run(['import', '-', ...where], { env, input: lines(2) }),
    await run(['list', ...where], { env }),
    await run(['list', ...where], {
      env: { ...env, DYNAMO_SESSION_STORE_ENCRYPTION_KEYS: 'hunter2' },
    }),
    await run(['list', ...where], { env: { ...env, DYNAMO_SESSION_STORE_ID_SECRETS: 'hunter2' } }),
    await run(['list', ...where, '--encryption-keys', key]),
    await run(['list', ...where, `--hash-ids-secret=${secret}`]),
    await run(['list', ...where, `--unknown=${secret}`]),
    await run(['list', ...where, '--config', config]),
  ];
  expect(outputs.map(({ code }) => code)).toEqual([0, 0, 2, 2, 2, 2, 2, 2]);
  expect(outputs[4].errors).toMatch(/^Error: --encryption-keys is refused.*_ENCRYPTION_KEYS\.\n$/);
  expect(outputs[5].errors).toMatch(/_ID_SECRETS\.\n$/);
  for (const { out, errors } of outputs) expect(out + errors).not.toMatch(/hunter2/);
});

/** Windows has no signals: there, a process that is killed just ends. */
const onUnix = process.platform === 'win32' ? test.skip : test;

onUnix.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])('%s finishes what is in flight, and the resume file goes on', async (signal, exitCode) => {
  const table = await newTable();
  const copy = await newTable();
  expect((await run(['import', '-', '--table', table], { input: lines(60) })).code).toBe(0);
  const file = join(folder, 'resume');
  const args = ['migrate', '--from-table', table, '--to-table', copy, '--yes', '--json'];
  args.push('--segments', '1', '--resume-file', file);
  const slow = [MAIN, ...args, '--capacity-per-second', '60'];
  const proxy = await startProxy();
  const env = { ...environment(), AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint };
  const child = spawn(process.execPath, slow, { env, cwd: folder });
  // Once there is progress to keep, the command gets no further before it has the signal.
  proxy.hooks.before = ({ operation }) => {
    if (operation === 'PutItem' && existsSync(file) && !child.killed) child.kill(signal);
  };
  const texts = Promise.all([text(child.stdout), text(child.stderr)]);
  const closed = new Promise((resolve) => child.once('close', resolve));
  const [out, errors] = await texts;
  expect(await closed).toBe(exitCode);
  await proxy.stop();
  expect(errors).toContain(`Run the command again with --resume-file ${file} to go on.\n`);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const { moved } = JSON.parse(out);
  expect(moved).toBeLessThan(60);
  expect(Object.keys(await items(copy)).length).toBe(moved);
  expect(JSON.parse(readFileSync(file, 'utf8')).counts.moved).toBe(moved);

  expect(await run(args)).toMatchObject({ code: 0, errors: '' });
  expect(existsSync(file)).toBe(false);
  expect(Object.keys(await items(copy)).length).toBe(60);
});

/** Only Linux has this device. */
const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('export to a full disk fails with one message', async () => {
  const table = await newTable();
  await run(['import', '-', '--table', table], { input: lines(60) });
  const { code, errors } = await run(['export', '/dev/full', '--force', '--table', table]);
  expect(code).toBe(1);
  expect(errors).toMatch(/\nError: ENOSPC: no space left on device, write\n$/);
  expect(errors).not.toMatch(/Unhandled|^ +at /m);
  const codes = ['export', 'list', 'stats'].map((name) => {
    const args = [MAIN, name, '--table', table];
    const full = openSync('/dev/full', 'w');
    const stdio = ['ignore', full, 'pipe'];
    const { status, stderr } = spawnSync(process.execPath, args, { env: environment(), stdio });
    closeSync(full);
    return [status, /^Error: stdout cannot be written: ENOSPC: .*$/m.test(stderr)];
  });
  expect(codes).toEqual(Array(3).fill([1, true]));
});

test('a reader that stops reading ends the command', async () => {
  const table = await newTable();
  await run(['import', '-', '--table', table], { input: lines(60) });
  const args = [MAIN, 'export', '--table', table];
  const child = spawn(process.execPath, args, { env: environment(), cwd: folder });
  child.stdout.destroy();
  const errors = await text(child.stderr);
  expect(errors).not.toMatch(/EPIPE/);
  expect(child.exitCode ?? (await new Promise((resolve) => child.once('exit', resolve)))).toBe(0);
});

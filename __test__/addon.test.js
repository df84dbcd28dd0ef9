'use strict';

/** What the package says where its addon cannot be loaded. */

const { execFile } = require('node:child_process');
const {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} = require('node:fs');
const { tmpdir } = require('node:os');
const { delimiter, join } = require('node:path');
const { promisify } = require('node:util');
const { canLink, linkAgainst } = require('./support/linked');

const run = promisify(execFile);
const root = join(__dirname, '..');
const app = mkdtempSync(join(tmpdir(), 'dynamo-session-store-addon-'));
const modules = join(app, 'node_modules');
const built = readdirSync(join(root, 'native')).find((name) => name.endsWith('.node'));
const here = built.split('.').at(-2);
const onLinux = process.platform === 'linux' ? test : test.skip;

beforeAll(() => {
  const target = join(modules, 'dynamo-session-store');
  mkdirSync(target, { recursive: true });
  for (const name of ['package.json', 'index.js', 'koa.js', 'lib']) {
    cpSync(join(root, name), join(target, name), { recursive: true });
  }
});
afterEach(() => {
  for (const name of readdirSync(modules)) {
    if (name !== 'dynamo-session-store') rmSync(join(modules, name), { recursive: true });
  }
});
afterAll(() => rmSync(app, { recursive: true }));

/**
 * Installs the package of a platform.
 *
 * @param {string} platform
 * @param {(file: string) => void} write makes its addon
 */
function install(platform, write) {
  const folder = join(modules, `dynamo-session-store-${platform}`);
  const main = `dynamo-session-store.${platform}.node`;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ version: '0.0.0', main }));
  write(join(folder, main));
}

const wholeAddon = (file) => cpSync(join(root, 'native', built), file);

const REPORT = `
  ({ code, name, message, cause }) =>
    console.log(JSON.stringify({ code, name, message, cause: cause?.message }))`;

/** What an app prints that loads the store. */
async function output({
  before = '',
  args = [],
  env = {},
  command = process.execPath,
  cwd = app,
  module = 'dynamo-session-store/koa',
} = {}) {
  writeFileSync(
    join(cwd, 'app.cjs'),
    `${before}
    try {
      require(${JSON.stringify(module)});
      console.log(JSON.stringify({ code: 'none' }));
    } catch (error) {
      (${REPORT})(error);
    }`,
  );
  const { stdout } = await run(command, [...args, 'app.cjs'], {
    cwd,
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout);
}

test('a whole addon in the package of this platform is loaded', async () => {
  install(here, wholeAddon);
  expect(await output()).toEqual({ code: 'none' });
});

test('no package: optional dependencies were left out, or a lock file is from elsewhere', async () => {
  const { code, name, message, cause } = await output();
  expect({ code, name }).toEqual({ code: 'ERR_SESSION_ADDON', name: 'SessionStoreError' });
  expect(message).toContain(`${process.platform} ${process.arch}`);
  expect(message).toContain(`Node ${process.versions.node}`);
  expect(message).toContain(`Wanted:   dynamo-session-store-${here}\n`);
  expect(message).toContain('Reason:   it is not installed\n');
  expect(message).toContain('--omit=optional');
  expect(message).toContain('lock file');
  expect(message).toContain(`npm install --save-optional dynamo-session-store-${here}`);
  expect(message).not.toContain('npm has a bug');
  expect(cause).toContain('Cannot find module');
});

test('the package of another platform', async () => {
  const other = here === 'darwin-arm64' ? 'linux-x64-gnu' : 'darwin-arm64';
  install(other, (file) => writeFileSync(file, ''));
  const { code, message } = await output();
  expect(code).toBe('ERR_SESSION_ADDON');
  expect(message).toContain(`Instead, dynamo-session-store-${other} is installed`);
  expect(message).toContain('node_modules comes from another platform');
});

test('a platform that has no package', async () => {
  const before = `Object.defineProperty(process, 'platform', { value: 'freebsd' });`;
  const { code, message } = await output({ before });
  expect(code).toBe('ERR_SESSION_ADDON');
  expect(message).toContain(`freebsd ${process.arch}`);
  expect(message).toContain('no package is published for this platform');
  expect(message).toContain('linux-x64-gnu');
  expect(message).toContain('DYNAMO_SESSION_STORE_ADDON');
});

test.each([
  ['empty', 0],
  ['shorter than its header', 40],
])('an addon that is %s', async (_name, length) => {
  const whole = readFileSync(join(root, 'native', built));
  install(here, (file) => writeFileSync(file, whole.subarray(0, length)));
  const { code, message, cause } = await output();
  expect(code).toBe('ERR_SESSION_ADDON');
  expect(message).toContain('is damaged, or was built for another platform');
  expect(message).toContain(cause);
});

test('DYNAMO_SESSION_STORE_ADDON names an addon, and nothing else is looked for', async () => {
  const path = join(root, 'native', built);
  expect(await output({ env: { DYNAMO_SESSION_STORE_ADDON: path } })).toEqual({ code: 'none' });
  install(here, wholeAddon);
  const { code, message } = await output({ env: { DYNAMO_SESSION_STORE_ADDON: 'none.node' } });
  expect(code).toBe('ERR_SESSION_ADDON');
  expect(message).toContain('Wanted:   none.node\n');
  expect(message).toContain('DYNAMO_SESSION_STORE_ADDON must be the path of an addon');
});

describe('a folder native/ of the application', () => {
  const shop = join(app, 'shop');
  const bundle = join(shop, 'lib');
  beforeAll(() => {
    mkdirSync(join(shop, 'native'), { recursive: true });
    wholeAddon(join(shop, 'native', built));
    cpSync(join(root, 'lib'), bundle, { recursive: true });
    writeFileSync(join(shop, 'package.json'), JSON.stringify({ name: 'shop' }));
  });

  test.each([
    ['beside the program and the working directory', 'dynamo-session-store/koa'],
    ['beside a bundle', join(bundle, 'koa.js')],
  ])('%s is no place to load native code from', async (_where, module) => {
    const { code, message } = await output({ cwd: bundle, module });
    expect(code).toBe('ERR_SESSION_ADDON');
    expect(message).toContain('Reason:   it is not installed\n');
  });

  test('node_modules is', async () => {
    install(here, wholeAddon);
    const module = join(bundle, 'koa.js');
    expect(await output({ cwd: bundle, module })).toEqual({ code: 'none' });
  });
});

test('Node with --permission and without --allow-addons', async () => {
  install(here, wholeAddon);
  const [permission] = ['--permission', '--experimental-permission'].filter((flag) =>
    process.allowedNodeEnvironmentFlags.has(flag),
  );
  const args = [permission, '--allow-fs-read=*', '--no-warnings'];
  const { code, message } = await output({ args });
  expect(code).toBe('ERR_SESSION_ADDON');
  expect(message).toContain('add --allow-addons');
  expect(await output({ args: [...args, '--allow-addons'] })).toEqual({ code: 'none' });
});

const onGlibc = canLink ? test : test.skip;

onGlibc('an addon for musl on a system with glibc', async () => {
  install(here, (file) => linkAgainst(file, 'libc.musl-x86_64.so.1'));
  const { code, message } = await output();
  expect(code).toBe('ERR_SESSION_ADDON');
  expect(message).toMatch(/Platform: linux .*, glibc \d+\.\d+, Node/);
  expect(message).toContain('The addon is for musl, and this system has glibc');
  expect(message).toContain('--libc=glibc');
});

onGlibc('an addon for a newer glibc', async () => {
  install(here, (file) => linkAgainst(file, 'libc.so.6', 'GLIBC_9.99'));
  const { code, message } = await output();
  expect(code).toBe('ERR_SESSION_ADDON');
  expect(message).toContain('GLIBC_9.99');
  expect(message).toContain('The addon needs glibc 2.28 or later');
});

// What the loader of musl says; there is no Alpine in every place where the tests run.
onLinux('an addon for glibc on a system with musl', async () => {
  install(here, wholeAddon);
  const before = `
    process.report.getReport = () => ({ header: {}, sharedObjects: ['/lib/ld-musl-x86_64.so.1'] });
    process.dlopen = () => {
      const message = 'Error loading shared library ld-linux-x86-64.so.2: No such file or directory';
      throw Object.assign(new Error(message), { code: 'ERR_DLOPEN_FAILED' });
    };`;
  const { code, message } = await output({ before });
  expect(code).toBe('ERR_SESSION_ADDON');
  expect(message).toContain(`linux ${process.arch}, musl, Node`);
  expect(message).toContain(`Wanted:   dynamo-session-store-linux-${process.arch}-musl\n`);
  expect(message).toContain('The addon is for glibc, and this system has musl');
  expect(message).toContain('--libc=musl');
});

const deno = process.env.PATH.split(delimiter)
  .map((folder) => join(folder, 'deno'))
  .find((path) => existsSync(path));

(deno ? test : test.skip)('Deno without --allow-ffi (needs deno in PATH)', async () => {
  install(here, wholeAddon);
  const args = ['run', '--no-prompt', '--node-modules-dir=manual', '--allow-read', '--allow-env'];
  const { code, message } = await output({ command: deno, args });
  expect(code).toBe('ERR_SESSION_ADDON');
  expect(message).toContain('Start Deno with --allow-ffi');
  expect(await output({ command: deno, args: [...args, '--allow-ffi'] })).toEqual({ code: 'none' });
});

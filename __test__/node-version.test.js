'use strict';

/** A version of Node that is too old: each entry of the package says so, before anything of it is run. */

const { execFile } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { engines } = require('../package.json');

const root = join(__dirname, '..');

/** What a process prints in which Node lacks what version 18 lacks. */
async function loading(entry) {
  const script = `
    delete String.prototype.isWellFormed;
    Object.defineProperty(process, 'version', { value: 'v18.20.8' });
    import(${JSON.stringify(entry)}).catch(({ code, message }) => console.log(code, message));
  `;
  // Node reports the error of shopify.mjs a second time, as a rejection that nobody has handled.
  const ended = promisify(execFile)(process.execPath, ['-e', script], { cwd: root });
  const { stdout } = await ended.catch((failure) => failure);
  return stdout.trim();
}

test.each(['./index.js', './koa.js', './shopify.js', './shopify.mjs'])('%s', async (entry) => {
  expect(await loading(entry)).toBe(
    'ERR_SESSION_NODE dynamo-session-store needs Node.js 20 or later, but this is v18.20.8',
  );
});

test('the version is that of package.json', () => {
  const text = readFileSync(join(root, 'lib', 'node-version.js'), 'utf8');
  expect(engines.node).toBe('>=20');
  expect(text).toContain('needs Node.js 20 or later');
});

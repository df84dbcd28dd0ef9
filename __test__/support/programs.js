'use strict';

/** Running the code blocks of the documentation, each as a program of its own. */

const { spawn } = require('node:child_process');
const { randomUUID } = require('node:crypto');
const { once } = require('node:events');
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { text } = require('node:stream/consumers');
const ts = require('typescript');
const { credentials, newTableName, region } = require('./dynamodb');

/** @import { Block } from './markdown' */

/** The environment in which an AWS SDK, and so a store, finds the DynamoDB of the tests. */
function environment() {
  return {
    ...process.env,
    // Express prints no errors in a test.
    NODE_ENV: 'development',
    // What the AWS SDK says of Node 20 is none of this package's.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    AWS_ENDPOINT_URL_DYNAMODB: process.env.DYNAMODB_ENDPOINT,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    SESSION_SECRET: 'a secret of the tests, 32 characters or more',
  };
}

/** @param {Block} block */
function wholeOf({ before, code, after }) {
  return [before, code, after].join('\n');
}

/**
 * The program of a block, with tables that no other test has.
 *
 * @param {Block} block
 */
function programOf(block) {
  return wholeOf(block)
    .replaceAll(/'(?:koa-)?sessions'/g, () => `'${newTableName()}'`)
    .replaceAll('http://localhost:8000', process.env.DYNAMODB_ENDPOINT);
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

/**
 * Runs a block of JavaScript. A server has to answer, any other program to end, and neither may
 * print a warning.
 *
 * @param {string} folder in which the program finds its modules
 * @param {Block} block
 */
async function runProgram(folder, block) {
  const program = programOf(block);
  const extension = /^import /m.test(program) ? 'mjs' : 'cjs';
  const file = join(folder, `${randomUUID()}.${extension}`);
  writeFileSync(file, program);
  const preload = join(__dirname, 'example-preload.js');
  const child = spawn(process.execPath, ['--require', preload, file], {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const [exit, stderr] = [once(child, 'exit'), text(child.stderr)];
  try {
    const listening = await Promise.race([once(child, 'message'), exit.then(() => undefined)]);
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
}

/**
 * The type errors of blocks of TypeScript.
 *
 * @param {string} folder in which they find their modules
 * @param {Block[]} blocks
 * @param {ts.CompilerOptions} options beside those that every application should have
 */
function typeErrors(folder, blocks, options) {
  const names = new Map(
    blocks.map((block) => {
      const file = join(folder, `${randomUUID()}.ts`);
      writeFileSync(file, `${wholeOf(block)}\nexport {};`);
      return [file, block.name];
    }),
  );
  const program = ts.createProgram([...names.keys()], {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    types: ['node'],
    ...options,
  });
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) => {
    const where = names.get(file?.fileName) ?? file?.fileName;
    return `${where}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}

module.exports = { environment, runProgram, typeErrors };

'use strict';

/** Secrets in every place, and nothing that an application could log has one. */

const { spawn } = require('node:child_process');
const { mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { text } = require('node:stream/consumers');
const { ACCESS_KEY, SECRET_KEY, TOKEN } = require('./support/secrets/planted');

let folder;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-'));
  mkdirSync(join(folder, '.aws'));
  const lines = [
    '[planted]',
    `aws_access_key_id = ${ACCESS_KEY}`,
    `aws_secret_access_key = ${SECRET_KEY}`,
    `aws_session_token = ${TOKEN}`,
  ];
  writeFileSync(join(folder, '.aws/credentials'), `${lines.join('\n')}\n`);
  const process_ = `credential_process = "${process.execPath}" "${join(folder, 'give.js')}"`;
  writeFileSync(join(folder, '.aws/config'), `[profile process]\n${process_}\n`);
  const said = JSON.stringify(`${SECRET_KEY} ${TOKEN}`);
  writeFileSync(
    join(folder, 'give.js'),
    `console.log('{"Version": 1, "AccessKeyId": ', ${said}); console.error(${said}); process.exit(1);`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What a process prints in which a store has its keys in this way, with all logs turned on. */
async function outputOf(way) {
  const keys = {
    AWS_ACCESS_KEY_ID: ACCESS_KEY,
    AWS_SECRET_ACCESS_KEY: SECRET_KEY,
    AWS_SESSION_TOKEN: TOKEN,
  };
  const child = spawn(process.execPath, [join(__dirname, 'support/secrets/plant.js'), way], {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      USERPROFILE: folder,
      AWS_EC2_METADATA_DISABLED: 'true',
      NODE_NO_WARNINGS: '1',
      RUST_LOG: 'trace',
      RUST_BACKTRACE: 'full',
      AWS_DEBUG: '1',
      DEBUG: '*',
      // Node prints the headers of a client that is called, whoever calls it.
      NODE_DEBUG: `dynamo-session-store${way === 'called' ? '' : ',http,https,net,tls,stream'}`,
      DYNAMO_SESSION_STORE_LOG: 'debug',
      ...(way === 'environment' ? keys : {}),
    },
  });
  const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { out, errors };
}

const TEXTS = /hunter2|Aa1\+Aa1/i;

/** The beginning of secrets as bytes, in the forms in which Node and Rust print bytes. */
const BYTES = /68 ?75 ?6e ?74 ?65 ?72 ?32|104, ?117, ?110, ?116, ?101|aHVudGVyM/i;

/** A secret in a text, with what is around it. */
const secretIn = (said) => {
  const index = said.search(TEXTS);
  return index === -1 ? undefined : said.slice(Math.max(0, index - 80), index + 80);
};

test.each([
  'options',
  'credentials',
  'provider',
  'broken',
  'environment',
  'profile',
  'process',
  'adopted',
  'called',
  'encrypted',
  'keys from a function',
  'bad keys from a function',
])('keys by %s: nothing shows a secret', async (way) => {
  const { out, errors } = await outputOf(way);
  // It has gone through all of it, and there were errors to print.
  expect(out).toContain('=== a torn connection');
  expect(out.match(/ERR_SESSION_/g).length).toBeGreaterThan(20);
  expect(out).toContain('--- OPERATION asyncEnd');
  expect(errors).toMatch(/^DYNAMO-SESSION-STORE \d+: /m);
  const found = out.split('\n').filter((line) => TEXTS.test(line) || BYTES.test(line));
  expect(found.map((line) => secretIn(line) ?? line).slice(0, 5)).toEqual([]);
  // Node prints here the bytes that a program has given it, because it is told to.
  expect(secretIn(errors)).toBeUndefined();
});

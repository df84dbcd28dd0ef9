'use strict';

/**
 * Where credentials, region and endpoint come from, against the AWS SDK for JavaScript v3: each case
 * of `support/aws-sources/` with a store, with a client of the SDK, and with a client that a store has
 * adopted. Each of these has a process and an environment of its own.
 */

const { execFile } = require('node:child_process');
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { promisify } = require('node:util');
const { CASES } = require('./support/aws-sources/cases');

const ask = join(__dirname, 'support/aws-sources/ask.js');

/** What comes of all cases. */
async function outcomesOf(subject) {
  const { PATH, SystemRoot } = process.env;
  const env = { PATH, SystemRoot, NODE_NO_WARNINGS: '1' };
  const options = { env, maxBuffer: 1e7 };
  const { stdout } = await promisify(execFile)(process.execPath, [ask, subject], options);
  return JSON.parse(stdout);
}

let store;
let client;
let adopted;
beforeAll(async () => {
  [store, client, adopted] = await Promise.all(['store', 'client', 'adopted'].map(outcomesOf));
});

const NAMES = { key: 'credentials', region: 'region', address: 'endpoint' };

describe.each(Object.entries(CASES))('%s', (about, cases) => {
  const used = (outcome) => outcome[about] ?? outcome.error;

  test.each(Object.entries(cases))('%s', (name, { is, sdk = is, says = /^/ }) => {
    expect(used(store[about][name])).toBe(is);
    if (sdk === 'fails') {
      expect(client[about][name]).toEqual({
        error: expect.any(String),
        message: expect.anything(),
      });
      expect(used(adopted[about][name])).toMatch(/^ERR_/);
    } else {
      expect(used(client[about][name])).toBe(sdk);
      expect(used(adopted[about][name])).toBe(sdk);
    }
    expect(store[about][name].message ?? '').toMatch(says);
  });

  test('docs/CREDENTIALS.md says so', () => {
    const text = readFileSync(join(__dirname, '../docs/CREDENTIALS.md'), 'utf8');
    const [, part] = text.split(new RegExp(`^## The ${NAMES[about]}$`, 'm'));
    const rows = part
      .split(/^## /m)[0]
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .slice(2)
      .map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      );
    const expected = Object.entries(cases).map(([name, { is, sdk = is }]) => [
      name,
      `\`${is}\``,
      sdk === is ? 'the same' : sdk === 'fails' ? 'an error' : `\`${sdk}\``,
    ]);
    expect(rows.map((row) => row.slice(0, 3))).toEqual(expected);
    // A difference has its reason.
    const unexplained = rows.filter(([, , there, why]) => there !== 'the same' && why === '');
    expect(unexplained).toEqual([]);
  });
});

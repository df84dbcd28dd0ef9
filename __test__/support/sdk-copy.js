'use strict';

/** Copies of the AWS SDK for JavaScript v3, as a program has that is installed in several places. */

const {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} = require('node:fs');
const { tmpdir } = require('node:os');
const { dirname, join } = require('node:path');

const modules = join(__dirname, '..', '..', 'node_modules');
const COPIED = ['@aws-sdk/client-dynamodb', '@aws-sdk/lib-dynamodb'];

/**
 * A folder with copies of the client and its document client. What they need is shared.
 *
 * @param {[string, string][]} [edits] of the client's code, for a copy of another version
 * @returns {{ folder: string, remove: () => void }}
 */
function copySdk(edits = []) {
  const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-sdk-'));
  const target = (name) => join(folder, 'node_modules', name);
  for (const name of COPIED) {
    for (const part of ['package.json', 'dist-cjs']) {
      cpSync(join(modules, name, part), join(target(name), part), { recursive: true });
    }
  }
  const needed = COPIED.flatMap((name) =>
    Object.keys(JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')).dependencies),
  );
  for (const name of new Set(needed)) {
    mkdirSync(dirname(target(name)), { recursive: true });
    if (!COPIED.includes(name)) symlinkSync(join(modules, name), target(name), 'junction');
  }
  const file = join(target(COPIED[0]), 'dist-cjs', 'index.js');
  let code = readFileSync(file, 'utf8');
  for (const [from, to] of edits) {
    if (!code.includes(from)) throw new Error(`the SDK has no "${from}"`);
    code = code.replace(from, to);
  }
  writeFileSync(file, code);
  return { folder, remove: () => rmSync(folder, { recursive: true }) };
}

module.exports = { copySdk };

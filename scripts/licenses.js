'use strict';

/**
 * `npm run licenses`: writes THIRD_PARTY_LICENSES, the licenses of the crates that are compiled into the addon. These
 * licenses require a copy of their text in each distribution.
 *
 *     node scripts/licenses.js [file]
 */

const { readFileSync, readdirSync, writeFileSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');
const { crates, licenseOf, nameOf } = require('./crates');
const { program, root } = require('./setup');

/** @import { Crate } from './crates' */

const FILE = join(root, 'THIRD_PARTY_LICENSES');

const LICENSE = /^(licen[cs]e|copying|notice|copyright|unlicense)/i;

/** The folders of a crate that are not compiled. */
const NOT_COMPILED = new Set(['benches', 'doc', 'docs', 'examples', 'target', 'test', 'tests']);

const LINE = '='.repeat(80);

/** The text of the MIT license, for crates under this license without a license file. */
const MIT = (/** @type {string} */ owner) => `Copyright (c) ${owner}

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`;

/** Returns the text of the file. Crates with the same license text are grouped. @returns {string} */
function thirdPartyLicenses() {
  /** @type {Map<string, Set<string>>} */
  const byText = new Map();
  const add = (/** @type {string} */ text, /** @type {string} */ name) =>
    byText.set(text, (byText.get(text) ?? new Set()).add(name));
  for (const crate of crates().compiled) {
    for (const text of textsOf(crate)) add(text, `${nameOf(crate)} (${licenseOf(crate)})`);
  }
  add(MIT('The Rust Project Contributors'), 'The standard library of Rust (MIT OR Apache-2.0)');
  const parts = [...byText].map(([text, names]) => {
    const used = [...names].sort().map((name) => `  ${name}`);
    return [LINE, 'This license is for', ...used, '', text].join('\n');
  });
  return [
    'The addon of dynamo-session-store is compiled from the software below. These are its licenses.',
    ...parts.sort(),
    '',
  ].join('\n\n');
}

/** @param {Crate} crate @returns {string[]} */
function textsOf(crate) {
  const folder = dirname(crate.manifest_path);
  const files = licenseFiles(folder);
  // If a crate offers MIT as a choice, MIT is chosen, because it is short.
  const isFree = /\bMIT\b/.test(licenseOf(crate)) && !/\bAND\b/.test(licenseOf(crate));
  const mit = files.filter((file) => /mit/i.test(basename(file)));
  const chosen = isFree && mit.length > 0 ? mit : files;
  if (chosen.length === 0) {
    if (!isFree) throw new Error(`${nameOf(crate)} has no license file`);
    const owner = crate.authors.map((author) => author.replace(/ <.*/, '')).join(', ');
    return [MIT(owner || `the authors of ${crate.name}, ${crate.repository}`)];
  }
  const texts = chosen.map((file) => readFileSync(file, 'utf8').replaceAll('\r\n', '\n').trim());
  return texts.filter((text) => text !== '');
}

/** Returns the license files of a crate, also those in its folders. @returns {string[]} */
function licenseFiles(/** @type {string} */ folder) {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return NOT_COMPILED.has(entry.name) ? [] : licenseFiles(path);
      return LICENSE.test(entry.name) && !/\.(rs|c|h|py)$/.test(entry.name) ? [path] : [];
    });
}

module.exports = { FILE, thirdPartyLicenses };

if (require.main === module) {
  program(() => writeFileSync(process.argv[2] ?? FILE, thirdPartyLicenses()));
}

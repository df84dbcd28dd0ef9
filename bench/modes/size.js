'use strict';

/** `size`: what an installation takes on the disk. */

const { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { run } = require('../lib/prepare');
const { dependencies } = require('../package.json');
const { comparedIn, mediansOf } = require('../report/rows');
const { whole } = require('../report/tables');

/** Each store with what it cannot do without, as its README has it installed. */
const INSTALLS = [
  'connect-dynamodb + @aws-sdk/client-dynamodb',
  'dynamodb-store + aws-sdk',
  'koa-session-dynamodb-store + aws-sdk',
];

const OURS = `dynamo-session-store with its addon for ${process.platform}-${process.arch}`;

/** @type {import('../types').Mode} */
const size = {
  name: 'size',
  once: true,
  runs: () => [{}],
  subjects: [OURS, ...INSTALLS].map((name) => ({ name })),
  measure: ({ results }, { name }) =>
    name === OURS ? ownSize(results.addon) : installedSize(name),
  tables(measured) {
    const rows = mediansOf(measured);
    return [
      {
        title: 'Installed size',
        rows,
        columns: [
          { head: 'package', of: 'subject' },
          { head: 'MB', of: 'megabytes', better: 'less' },
          { head: 'files', of: 'files', format: whole },
        ],
        baselineOf: comparedIn(rows, [], () => INSTALLS[0]),
      },
    ];
  },
};

/**
 * As it is published: the package, and the addon of one platform in a package of its own.
 *
 * @param {{ bytes: number }} addon
 */
function ownSize(addon) {
  const own = sizeOf(join(__dirname, '..', 'node_modules', 'dynamo-session-store'));
  return { megabytes: own.megabytes + addon.bytes / 1e6, files: own.files + 1 };
}

/** @param {string} names of packages */
function installedSize(names) {
  const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-size-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }');
    const versions = /** @type {Record<string, string>} */ (dependencies);
    const wanted = names.split(' + ').map((name) => `${name}@${versions[name]}`);
    run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...wanted], folder);
    return sizeOf(join(folder, 'node_modules'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder */
function sizeOf(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = files.map((file) => statSync(join(file.parentPath ?? file.path, file.name)).size);
  return { megabytes: sizes.reduce((sum, bytes) => sum + bytes, 0) / 1e6, files: files.length };
}

module.exports = { size };

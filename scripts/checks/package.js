'use strict';

/** The published form of this package for the checks, which is made once for all checks of a run. */

const { cpSync, mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { filled } = require('../cache');
const { unpack } = require('../release/stage');

/** The variable with the folder of the published form, for child processes too. */
const FOLDER = 'DYNAMO_SESSION_STORE_PUBLISHED';

/** Makes a temporary folder for the published form, unless a parent process has made one. The exit deletes it. */
function sharePackage() {
  if (process.env[FOLDER]) return;
  const scratch = mkdtempSync(join(tmpdir(), 'dynamo-session-store-package-'));
  process.once('exit', () => rmSync(scratch, { recursive: true, force: true }));
  process.env[FOLDER] = join(scratch, 'package');
}

/**
 * Writes the published form of the package. The first call of a run makes it, the others copy it.
 *
 * @param {string} target an empty or new folder
 */
function copyPackage(target) {
  sharePackage();
  const folder = filled(String(process.env[FOLDER]), unpack);
  cpSync(folder, target, { recursive: true });
}

module.exports = { copyPackage, sharePackage };

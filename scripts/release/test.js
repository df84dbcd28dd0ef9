'use strict';

/**
 * Runs the tests of the package with an addon that was built elsewhere, which lies in `native/`.
 * Those of the core ran when it was built; they need Rust, and this does not.
 */

const { spawnSync } = require('node:child_process');
const { existsSync, utimesSync } = require('node:fs');
const { join } = require('node:path');
const { SetupError, program, root } = require('../setup');
const { thisTarget } = require('./targets');

const CHECKS = 'jest,published,registry,bundlers';

program(() => {
  const addon = join(root, 'native', thisTarget().file);
  if (!existsSync(addon))
    throw new SetupError(`${addon} does not exist: build it first, see docs/RELEASING.md.`);
  // A file that is older than the sources would be built anew.
  utimesSync(addon, new Date(), new Date());
  const args = [join(root, 'scripts', 'test.js'), '--only', CHECKS];
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
});

'use strict';

/**
 * Runs the tests of the package with the addon in `native/`, which another machine has built. The tests of the core
 * need Rust, and ran on that machine.
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
  // `setup` builds an addon that is older than the sources again.
  utimesSync(addon, new Date(), new Date());
  const args = [join(root, 'scripts', 'test.js'), '--only', CHECKS];
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
});

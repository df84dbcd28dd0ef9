'use strict';

/**
 * Builds the release form of the addon for one target into `artifacts/`, and checks the glibc that it needs.
 *
 *     node scripts/release/build.js [triple]    by default, the target of this machine
 */

const { spawnSync } = require('node:child_process');
const { statSync } = require('node:fs');
const { join } = require('node:path');
const { SetupError, program, root } = require('../setup');
const { checkGlibc } = require('./glibc');
const { GLIBC, targets, thisTarget } = require('./targets');
const { zigEnvironment } = require('./zig');

const artifacts = join(root, 'artifacts');

/** @param {import('./targets').Target} target */
function build({ triple, file, zig }) {
  const versioned = triple.endsWith('-linux-gnu') ? `${triple}.${GLIBC}` : triple;
  const args = [
    ...['build', '--platform', '--release', '--no-js', '--output-dir', artifacts],
    ...['--target', zig ? versioned : triple],
    ...(zig ? ['--cross-compile'] : []),
  ];
  const { status } = spawnSync(join(root, 'node_modules', '.bin', 'napi'), args, {
    cwd: root,
    env: zig ? zigEnvironment() : process.env,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new SetupError(`The build of the addon for ${triple} failed.`);
  const path = join(artifacts, file);
  console.log(`${path}: ${(statSync(path).size / 1e6).toFixed(1)} MB`);
  if (triple.endsWith('-linux-gnu')) console.log(checkGlibc(path));
}

program(() => {
  const [triple = thisTarget()?.triple] = process.argv.slice(2);
  const target = targets.find((each) => each.triple === triple);
  if (!target) {
    const known = targets.map((each) => each.triple).join(', ');
    throw new SetupError(`Unknown target "${triple}". The targets are ${known}.`);
  }
  build(target);
});

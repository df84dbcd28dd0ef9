'use strict';

/** The library of `trap.c`, which ends a process when native code reads its environment. */

const { spawnSync } = require('node:child_process');
const { join } = require('node:path');

/** The C compiler that Rust links with. */
const canTrap = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;

/**
 * Compiles `trap.c`.
 *
 * @param {string} file the library
 */
function makeTrap(file) {
  const source = join(__dirname, 'trap.c');
  const args = ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', file, source, '-ldl'];
  const { status, stderr } = spawnSync('cc', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
}

module.exports = { canTrap, makeTrap };

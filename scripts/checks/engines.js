'use strict';

/**
 * Checks that the locked development dependencies run on the oldest supported line of Node and on the current Node.
 * `npm ci` only warns of a dependency that does not.
 */

const semver = require('semver');
const lock = require('../../package-lock.json');
const { engines } = require('../../package.json');
const { SetupError, program } = require('../setup');

program(() => {
  const oldest = semver.minVersion(engines.node)?.major;
  const unfit = Object.entries(lock.packages).filter(([path, { engines, optional }]) => {
    const wanted = /** @type {{ node?: string } | undefined} */ (engines)?.node;
    if (path === '' || !wanted || optional) return false;
    return !semver.intersects(wanted, `${oldest}.x`) || !semver.satisfies(process.version, wanted);
  });
  if (unfit.length === 0) return 0;
  const list = unfit.map(([path, { version, engines }]) => {
    const name = path.split('node_modules/').at(-1);
    return `  ${name} ${version} wants Node ${/** @type {any} */ (engines).node}`;
  });
  throw new SetupError(
    `These dependencies do not run on Node ${oldest}, or on ${process.version}:\n${list.join('\n')}`,
  );
});

'use strict';

/** The crates of the addon, by Cargo.lock. */

const { execFileSync } = require('node:child_process');
const { root } = require('./setup');
const { targets } = require('./release/targets');

/**
 * @typedef {object} Crate
 * @property {string} id
 * @property {string} name
 * @property {string} version
 * @property {string | null} license an SPDX expression, or the older form with a slash
 * @property {string | null} source `null` for this package
 * @property {string[]} authors
 * @property {string | null} repository
 * @property {string} manifest_path
 * @property {{ kind: string[] }[]} targets
 */

/** The source of crates.io in cargo's metadata. */
const CRATES_IO = 'registry+https://github.com/rust-lang/crates.io-index';

/**
 * Lists all crates that are downloaded to build and test for the platforms of the package, and the crates that are
 * compiled into the addon: without crates that only tests, build scripts or procedural macros need.
 *
 * @returns {{ all: Crate[], compiled: Crate[] }} sorted by name and version, without this package
 */
function crates() {
  const platforms = targets.flatMap(({ triple }) => ['--filter-platform', triple]);
  const args = ['metadata', '--locked', '--format-version', '1', ...platforms];
  const text = execFileSync('cargo', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  /** @type {{ packages: Crate[], resolve: { root: string, nodes: any[] } }} */
  const { packages, resolve } = JSON.parse(text);
  const byId = new Map(packages.map((crate) => [crate.id, crate]));
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]));
  /** @type {Set<string>} */
  const compiled = new Set();
  const left = [resolve.root];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (compiled.has(id) || isMacro(/** @type {Crate} */ (byId.get(id)))) continue;
    compiled.add(id);
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      if (kinds.some((/** @type {any} */ { kind }) => kind === null)) left.push(pkg);
    }
  }
  const resolved = packages.filter(({ id }) => nodes.has(id) && id !== resolve.root);
  const all = resolved.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1));
  return { all, compiled: all.filter(({ id }) => compiled.has(id)) };
}

/** @param {Crate} crate */
const isMacro = ({ targets: built }) => built.some(({ kind }) => kind.includes('proc-macro'));

/** @param {Crate} crate */
const nameOf = ({ name, version }) => `${name} ${version}`;

/** Returns the license of a crate as an SPDX expression. Some crates have a slash for `OR`. @param {Crate} crate */
const licenseOf = ({ license }) => (license ?? '').replaceAll(/ ?\/ ?/g, ' OR ');

module.exports = { CRATES_IO, crates, licenseOf, nameOf };

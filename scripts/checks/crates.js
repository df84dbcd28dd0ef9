'use strict';

/**
 * Checks the crates with every change, by Cargo.lock and deny.toml: their licenses, their registry, crates in two
 * versions, and whether THIRD_PARTY_LICENSES is up to date. `cargo deny` checks the same and known vulnerabilities, but
 * its build takes minutes, and it downloads a database.
 */

const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { parse: parseToml } = require('smol-toml');
const parseLicense = require('spdx-expression-parse');
const { CRATES_IO, crates, licenseOf, nameOf } = require('../crates');
const { FILE, thirdPartyLicenses } = require('../licenses');
const { program, root } = require('../setup');

/** @import { Crate } from '../crates' */

/** @typedef {{ licenses: { allow: string[] }, bans: { skip: { crate: string }[] } }} Policy */

/**
 * Whether a license expression allows the use of its crate. If it offers a choice, one allowed license is enough.
 *
 * @param {any} license a parsed SPDX expression
 * @param {ReadonlySet<string>} allowed
 * @returns {boolean}
 */
function isAllowed({ license, exception, conjunction, left, right }, allowed) {
  if (license) return !exception && allowed.has(license);
  const sides = [left, right].map((side) => isAllowed(side, allowed));
  return conjunction === 'or' ? sides.some(Boolean) : sides.every(Boolean);
}

/** @param {Crate} crate @param {ReadonlySet<string>} allowed @returns {string | undefined} */
function licenseProblem(crate, allowed) {
  const expression = licenseOf(crate);
  try {
    if (isAllowed(parseLicense(expression), allowed)) return undefined;
  } catch {
    return `${nameOf(crate)} has a license that is not an SPDX expression: "${expression}"`;
  }
  return `${nameOf(crate)} has the license ${expression}, which deny.toml does not allow`;
}

/**
 * Returns the crates' violations of the policy, as messages.
 *
 * @param {Crate[]} all
 * @param {Policy} policy
 * @returns {string[]}
 */
function problems(all, { licenses, bans }) {
  const allowed = new Set(licenses.allow);
  const skipped = new Set(bans.skip.map(({ crate }) => crate));
  const names = all.map(({ name }) => name);
  const several = [...new Set(names.filter((name, index) => names.indexOf(name) < index))];
  return [
    ...all.map((crate) => licenseProblem(crate, allowed)),
    ...all.map(
      (crate) =>
        crate.source !== CRATES_IO && `${nameOf(crate)} is from ${crate.source}, not crates.io`,
    ),
    ...several
      .filter((name) => !skipped.has(name))
      .map((name) => `Cargo.lock has several versions of ${name}, which deny.toml does not allow`),
    ...[...skipped]
      .filter((name) => !several.includes(name))
      .map(
        (name) =>
          `deny.toml allows several versions of ${name}, but Cargo.lock has only one: remove the exception`,
      ),
  ].filter((problem) => typeof problem === 'string');
}

module.exports = { problems };

if (require.main === module) {
  program(() => {
    const policy = /** @type {any} */ (parseToml(readFileSync(join(root, 'deny.toml'), 'utf8')));
    const found = problems(crates().all, policy);
    if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== thirdPartyLicenses()) {
      found.push('THIRD_PARTY_LICENSES is not up to date: run "npm run licenses".');
    }
    for (const problem of found) console.error(problem);
    return found.length > 0 ? 1 : 0;
  });
}

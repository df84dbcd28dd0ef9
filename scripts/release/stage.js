'use strict';

/**
 * Makes the folders to publish: of the main package, and of each platform's package.
 *
 *     node scripts/release/stage.js    reads the addons in artifacts/, and writes to release/publish/
 */

const {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} = require('node:fs');
const { join } = require('node:path');
const { run } = require('../cache');
const { SetupError, program, root } = require('../setup');
const { targets } = require('./targets');

/** The licenses of the crates that are compiled into the addon. */
const NOTICES = 'THIRD_PARTY_LICENSES';

/** The fields of package.json that are not published. */
const FOR_DEVELOPMENT = ['devDependencies', 'napi', 'scripts', 'tsd'];

/**
 * @param {string} artifacts the folder with the addon of every target
 * @param {string} folder the target folder, which is deleted first; in the clone, because napi writes only there
 * @returns {{ main: string, platforms: string[] }} the folders to publish
 */
function stage(artifacts, folder) {
  checkVersions();
  rmSync(folder, { recursive: true, force: true });
  const npm = join(folder, 'npm');
  mkdirSync(npm, { recursive: true });
  const napi = (/** @type {string[]} */ ...args) =>
    run(join(root, 'node_modules', '.bin', 'napi'), [...args, '--npm-dir', npm], root);
  napi('create-npm-dirs');
  napi('artifacts', '--output-dir', artifacts);
  // napi also puts a copy of each addon beside package.json.
  for (const { file } of targets) rmSync(join(root, file), { force: true });
  for (const target of targets) completePlatform(join(npm, target.platform), target);
  return {
    main: stageMain(folder),
    platforms: targets.map(({ platform }) => join(npm, platform)),
  };
}

/** Makes the main package, with the platforms' packages as optional dependencies. */
function stageMain(/** @type {string} */ folder) {
  const main = join(folder, 'main');
  unpack(main);
  editPackage(main, (manifest) => {
    for (const name of FOR_DEVELOPMENT) delete manifest[name];
    manifest.optionalDependencies = Object.fromEntries(
      targets.map((target) => [target.package, manifest.version]),
    );
  });
  return main;
}

/**
 * Writes the published form of the package: the files that npm packs, with the files of `lib/` joined.
 *
 * @param {string} folder the target folder
 */
function unpack(folder) {
  mkdirSync(folder, { recursive: true });
  const args = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder];
  const file = join(folder, run('npm', args, root).trim());
  run('tar', ['-xzf', file, '-C', folder, '--strip-components=1'], folder);
  rmSync(file);
  run(process.execPath, [join(__dirname, 'join.js'), folder], root);
}

/**
 * Adds to a platform's package what napi leaves out: licenses and a description.
 *
 * @param {string} folder
 * @param {import('./targets').Target} target
 */
function completePlatform(folder, { platform }) {
  const added = ['LICENSE', NOTICES].filter((name) => existsSync(join(root, name)));
  for (const name of added) copyFileSync(join(root, name), join(folder, name));
  editPackage(folder, (manifest) => {
    delete manifest.keywords;
    manifest.description = `The native addon of dynamo-session-store for ${platform}`;
    manifest.files.push(...added);
  });
}

/**
 * @param {string} folder
 * @param {(manifest: any) => void} edit
 */
function editPackage(folder, edit) {
  const file = join(folder, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  edit(manifest);
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Checks that package.json and Cargo.toml have the same version. */
function checkVersions() {
  const { version } = require('../../package.json');
  const cargo = readFileSync(join(root, 'Cargo.toml'), 'utf8').match(/^version = "(.+)"$/m)?.[1];
  if (cargo === version) return;
  throw new SetupError(
    `package.json has version ${version}, but Cargo.toml has ${cargo}: make them the same.`,
  );
}

module.exports = { stage, unpack };

if (require.main === module) {
  program(() => {
    const { main, platforms } = stage(join(root, 'artifacts'), join(root, 'release', 'publish'));
    console.log([main, ...platforms].join('\n'));
  });
}

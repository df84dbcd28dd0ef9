'use strict';

/**
 * Installs the dependencies and builds the addon (a debug build), each only if it is missing or outdated. Needs only
 * Node, npm and Rust.
 */

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, readFileSync, readdirSync, statSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const stamp = join(root, 'node_modules', '.dynamo-session-store-setup');

const onWindows = process.platform === 'win32';

/** The sources of the addon. */
const sources = ['src', 'Cargo.toml', 'Cargo.lock', 'build.rs'];

/** An error of the user or the machine: only its message is shown, without a stack. */
class SetupError extends Error {}

function setup() {
  checkNode();
  chooseRust();
  if (!areDependenciesInstalled()) {
    say('Installing dependencies …');
    run('npm', ['ci', '--no-audit', '--no-fund']);
    writeFileSync(stamp, lockHash());
  }
  if (!isAddonBuilt()) {
    checkRust();
    say('Building the addon (the first time, this takes a few minutes) …');
    // Shown, because Cargo prints its progress.
    run('npm', ['run', '--silent', 'build:debug'], { isShown: true });
  }
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) throw new SetupError(`Use Node 20 or later; this is ${process.version}.`);
}

/**
 * Makes rustup use an installed toolchain. rust-toolchain.toml asks for the stable toolchain with components that a
 * build does not need, and rustup would download or update them.
 */
function chooseRust() {
  process.env.RUSTUP_AUTO_INSTALL ??= '0';
  if (hasCargo()) return;
  const { stdout } = spawnSync('rustup', ['default'], { encoding: 'utf8', shell: onWindows });
  const [toolchain] = (stdout ?? '').split(/\s/);
  if (toolchain) process.env.RUSTUP_TOOLCHAIN ??= toolchain;
}

function hasCargo() {
  return spawnSync('cargo', ['--version'], { shell: onWindows }).status === 0;
}

function checkRust() {
  if (hasCargo()) return;
  throw new SetupError(
    'The build of the addon needs Rust: install Rust with rustup, see https://rustup.rs.',
  );
}

function lockHash() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).digest('hex');
}

function areDependenciesInstalled() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash();
}

/** Whether an addon exists that is newer than all of its sources. */
function isAddonBuilt() {
  const native = join(root, 'native');
  const built = readdirSync(native).filter((name) => name.endsWith('.node'));
  if (built.length === 0) return false;
  const oldest = Math.min(...built.map((name) => statSync(join(native, name)).mtimeMs));
  return oldest >= Math.max(...sources.map((name) => newest(join(root, name))));
}

/**
 * Returns the time of the last change in a file or folder.
 *
 * @param {string} path
 * @returns {number} milliseconds since the Unix epoch
 */
function newest(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(...readdirSync(path).map((name) => newest(join(path, name))));
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * Runs a command.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ isShown?: boolean }} [options] `isShown`: shows the output at once on the standard error, and not only if
 *   the command fails
 * @throws {SetupError} if the command fails
 */
function run(command, args, { isShown = false } = {}) {
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    shell: onWindows,
    stdio: isShown ? ['ignore', 2, 2] : 'pipe',
  });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ''}${stderr ?? ''}`);
  throw new SetupError(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}.`);
}

/**
 * Returns the line to show for an error of the user; `undefined` for a defect of the program.
 *
 * @param {unknown} error
 * @param {string | undefined} help the command that prints the usage
 * @returns {string | undefined}
 */
function lineOf(error, help) {
  if (error instanceof SetupError) return error.message;
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  if (!code?.startsWith('ERR_PARSE_ARGS_')) return undefined;
  // Only Node's first sentence: the next is about arguments that begin with a dash.
  const [reason] = message.split('. ');
  return help ? `${reason}. Run "${help}" to see the options.` : reason;
}

/**
 * Runs `main` as a program: its result is the exit code, and an error of the user is shown in one line. On a signal,
 * the process ends with its `exit` handlers, which kill its child processes.
 *
 * @param {() => number | void | Promise<number | void>} main
 * @param {{ help?: string }} [options] `help`: the command that prints the usage
 */
async function program(main, { help } = {}) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    process.exitCode = 1;
    say(lineOf(error, help) ?? String(/** @type {Error} */ (error).stack));
  }
}

module.exports = { SetupError, program, root, setup };

if (require.main === module) program(setup);

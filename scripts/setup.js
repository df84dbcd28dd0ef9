'use strict';

/**
 * Sets up what is missing, and only that: the dependencies, and the addon, built the quick way
 * unless a build that ships is there. Needs nothing but Node, npm and Rust.
 */

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, readFileSync, readdirSync, statSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const stamp = join(root, 'node_modules', '.dynamo-session-store-setup');

const onWindows = process.platform === 'win32';

/** Where the addon is built from. */
const sources = ['src', 'Cargo.toml', 'Cargo.lock', 'build.rs'];

/** A problem whose message is all that the user needs. */
class SetupError extends Error {}

function setup() {
  checkNode();
  chooseRust();
  if (!dependenciesAreThere()) {
    say('Installing dependencies …');
    run('npm', ['ci', '--no-audit', '--no-fund']);
    writeFileSync(stamp, lockHash());
  }
  if (!addonIsThere()) {
    checkRust();
    say('Building the addon (the first time, this takes a few minutes) …');
    // Cargo says what it compiles while it does.
    run('npm', ['run', '--silent', 'build:debug'], { isShown: true });
  }
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) throw new SetupError(`Use Node 20 or later; this is ${process.version}.`);
}

/**
 * Lets Rust be the one that is there. rust-toolchain.toml asks for the stable one, with components that
 * a build can do without; rustup would download what is missing, and update what is not.
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

function dependenciesAreThere() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash();
}

/** An addon that is newer than all that it is built from. */
function addonIsThere() {
  const native = join(root, 'native');
  const built = readdirSync(native).filter((name) => name.endsWith('.node'));
  if (built.length === 0) return false;
  const oldest = Math.min(...built.map((name) => statSync(join(native, name)).mtimeMs));
  return oldest >= Math.max(...sources.map((name) => newest(join(root, name))));
}

/**
 * @param {string} path a file or folder
 * @returns {number}
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
 * @param {{ isShown?: boolean }} [options] `isShown`: what it prints is shown at once, on the standard
 *   error, and not only if it fails
 * @throws {SetupError} where it fails
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
 * The one line that an error of the user's is shown as; nothing for a defect.
 *
 * @param {unknown} error
 * @param {string | undefined} help the command that names the arguments
 * @returns {string | undefined}
 */
function lineOf(error, help) {
  if (error instanceof SetupError) return error.message;
  const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
  if (!code?.startsWith('ERR_PARSE_ARGS_')) return undefined;
  // What follows Node's first sentence is about arguments that begin with a dash.
  const [reason] = message.split('. ');
  return help ? `${reason}. Run "${help}" to see the options.` : reason;
}

/**
 * Runs `main` as a program: its result is the exit code, an error of the user's is shown in a line. A
 * signal ends the process by way of its `exit` handlers, which end what it has started.
 *
 * @param {() => number | void | Promise<number | void>} main
 * @param {{ help?: string }} [options] `help`: the command that names the arguments
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

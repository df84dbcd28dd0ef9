'use strict';

/** Runs a command line, and returns its exit code. */

const { Command, CommanderError } = require('commander');
const { version } = require('../package.json');
const { Context } = require('./context');
const { EXIT, NothingFound, describe, exitCodeOf } = require('./failure');
const { addCommonFlags, refuseSecrets } = require('./flags');
const { Output } = require('./output');
const { visibleLines } = require('./text');

/** @import { Stream } from './output' */

/**
 * A command: `define` adds its arguments and flags, `run` does its work.
 *
 * @typedef {object} Definition
 * @property {string} name with its arguments
 * @property {string} summary
 * @property {string} [description]
 * @property {(command: Command) => void} [define]
 * @property {boolean} [takesHandles] whether its arguments may be handles
 * @property {(context: Context, ...args: any[]) => Promise<number | void>} run returns the exit code
 *
 * @typedef {object} Surroundings
 * @property {NodeJS.ReadableStream & { isTTY?: boolean }} stdin
 * @property {Stream} stdout
 * @property {Stream} stderr
 * @property {NodeJS.ProcessEnv} env
 * @property {AbortSignal} signal aborted when the user stops the command
 */

/** @type {Definition[]} */
const COMMANDS = [
  require('./commands/doctor'),
  require('./commands/create-table'),
  require('./commands/enable-ttl'),
  require('./commands/policy'),
  require('./commands/list'),
  require('./commands/show'),
  require('./commands/destroy'),
  require('./commands/stats'),
  require('./commands/reap'),
  require('./commands/migrate'),
  require('./commands/export'),
  require('./commands/import'),
];

const EXIT_CODES = `
Exit codes: 0 done, 1 failed or found problems, 2 wrong usage, 3 no such session, 130 and 143 stopped.
Secrets come from the environment only: DYNAMO_SESSION_STORE_ENCRYPTION_KEYS and
DYNAMO_SESSION_STORE_ID_SECRETS, each with commas between several.`;

/**
 * @param {string[]} args
 * @param {Surroundings} surroundings
 * @returns {Promise<number>}
 */
async function run(args, surroundings) {
  const { stdout, stderr, env } = surroundings;
  const isVerbose = args.includes('--verbose') || Boolean(env.DEBUG);
  const errors = new Output({ stdout, stderr, env });
  /** @type {{ code: number }} */
  const done = { code: EXIT.done };
  try {
    refuseSecrets(args);
    const program = programOf(surroundings, done);
    await program.parseAsync(withHandlesLast(program, args), { from: 'user' });
    return done.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const code = exitCodeOf(error);
    const text = describe(error, isVerbose);
    errors.note(
      code === EXIT.failed || code === EXIT.usage
        ? `${errors.paintNote.red('Error:')} ${text}`
        : text,
    );
    return code;
  }
}

/** A handle that looks like a flag. A name of words is a flag, also a wrong one. */
const DASHED_HANDLE = /^(?!--[a-z-]+$)-[\w-]{21}$/;

/**
 * Moves handles that begin with a dash behind `--`, so that they are no flags.
 *
 * @param {Command} program
 * @param {string[]} args
 */
function withHandlesLast(program, [name, ...args]) {
  const isTaking = COMMANDS.some((each) => each.takesHandles && each.name.split(' ')[0] === name);
  const command = isTaking && program.commands.find((each) => each.name() === name);
  if (!command) return name === undefined ? args : [name, ...args];
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const takesValue = (/** @type {string} */ arg) =>
    command.options.some(({ long, required }) => required && long === arg);
  /** @type {string[]} */
  const handles = [];
  /** @type {string[]} */
  const others = [];
  for (let at = 0; at < end; at += 1) {
    const isHandle = DASHED_HANDLE.test(args[at]) && !takesValue(others.at(-1) ?? '');
    (isHandle ? handles : others).push(args[at]);
  }
  return [name, ...others, '--', ...handles, ...args.slice(end + 1)];
}

/**
 * @param {Surroundings} surroundings
 * @param {{ code: number }} done
 */
function programOf(surroundings, done) {
  const { stdout, stderr } = surroundings;
  const program = new Command('dynamo-session-store')
    .description('Looks after sessions in DynamoDB tables: see them, mend them, move them.')
    .version(version)
    .addHelpText('after', EXIT_CODES)
    .showHelpAfterError('Run with --help to see the commands and options.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => stderr.write(visibleLines(text)),
      // Without the value of an unknown flag, which may be a secret.
      outputError: (text, write) =>
        write(text.replace(/^error: (unknown option '[^=']+)=[\s\S]*'/, "error: $1'")),
    });
  for (const definition of COMMANDS) add(program, definition, surroundings, done);
  return program;
}

/**
 * @param {Command} program
 * @param {Definition} definition
 * @param {Surroundings} surroundings
 * @param {{ code: number }} done
 */
function add(program, { name, summary, description, define, run }, surroundings, done) {
  const command = program
    .command(name)
    .summary(summary)
    .description(description ?? summary);
  define?.(command);
  addCommonFlags(command);
  command.action(async (...args) => {
    const flags = command.opts();
    const output = new Output({ ...surroundings, isJson: flags.json });
    const context = new Context({ ...surroundings, flags, output });
    try {
      const code = (await run(context, ...args.slice(0, -2))) ?? EXIT.done;
      done.code = context.unreadable.end(code);
    } catch (error) {
      if (!(error instanceof NothingFound) || context.unreadable.count === 0) throw error;
      output.note(error.message);
      done.code = context.unreadable.end(EXIT.nothing);
    } finally {
      await context.close();
    }
  });
}

module.exports = { run };

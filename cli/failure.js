'use strict';

/** The exit codes of the command, and the errors that lead to them. */

const EXIT = Object.freeze({
  done: 0,
  /** The command has found problems, or DynamoDB has refused a request. */
  failed: 1,
  usage: 2,
  /** There is no such session. */
  nothing: 3,
  /** 128 and the number of SIGINT. */
  interrupted: 130,
  /** 128 and the number of SIGTERM. */
  terminated: 143,
});

/** The user has called the command wrongly. */
class UsageError extends Error {}

/** There is no such session. */
class NothingFound extends Error {}

/** The user has stopped the command. The message says how to go on. */
class Interrupted extends Error {}

/** The command has done its work, and has found problems. */
class Failed extends Error {}

/** The values that an error of a wrong option has as `code`. */
const WRONG_OPTION = new Set(['ERR_INVALID_ARG_VALUE', 'ERR_SESSION_INVALID_ARGUMENT']);

/**
 * Throws if the user has stopped the command.
 *
 * @param {AbortSignal} signal
 * @param {string} [advice] how to go on
 */
function throwIfStopped({ aborted }, advice) {
  if (aborted) throw new Interrupted(advice ? `Stopped. ${advice}` : 'Stopped.');
}

/** The advice for errors whose own advice is about options of a store. @type {Record<string, string>} */
const ADVICE = {
  ERR_SESSION_DECRYPT:
    'The command takes the keys from the variable DYNAMO_SESSION_STORE_ENCRYPTION_KEYS, or from --config.',
};

/** Messages about options of a method, in the words of the command. @type {[RegExp, string][]} */
const REWORDED = [
  [
    /^option "segments" must be (\d+), as in the token of the option "resume".*$/,
    '--segments must be $1, as in the file of --resume-file, or left out.',
  ],
];

/**
 * Returns the exit code for an error.
 *
 * @param {any} error
 */
function exitCodeOf(error) {
  if (error instanceof UsageError || WRONG_OPTION.has(error?.code)) return EXIT.usage;
  if (error instanceof NothingFound) return EXIT.nothing;
  return error instanceof Interrupted ? EXIT.interrupted : EXIT.failed;
}

/**
 * Returns the text for an error: its message and its code, without a stack.
 *
 * @param {any} error
 * @param {boolean} isVerbose whether the stack and the causes are shown
 */
function describe(error, isVerbose) {
  const isOwn = [UsageError, NothingFound, Interrupted, Failed].some((own) => error instanceof own);
  const message = REWORDED.reduce(
    (text, [pattern, words]) => text.replace(pattern, words),
    error instanceof Error ? error.message : String(error),
  );
  const { code, name } = error ?? {};
  const hasCode = !isOwn && typeof code === 'string' && !message.includes(code);
  const told = hasCode ? `${message} [${code}]` : message;
  const line = ADVICE[code] ? `${told}\n${ADVICE[code]}` : told;
  if (!isVerbose || isOwn) return line;
  const causes = [];
  for (let cause = error?.cause; cause instanceof Error; cause = cause.cause) {
    causes.push(`  caused by: ${cause.message}`);
  }
  const stack = String(error?.stack ?? name)
    .split('\n')
    .filter((each) => /^\s+at /.test(each));
  return [line, ...causes, ...stack].join('\n');
}

module.exports = {
  EXIT,
  Failed,
  Interrupted,
  NothingFound,
  UsageError,
  describe,
  exitCodeOf,
  throwIfStopped,
};

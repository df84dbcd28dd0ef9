'use strict';

/** The flags that say where the sessions lie and how they are read, and the secrets from the environment. */

const { InvalidArgumentError, Option } = require('commander');
const { UsageError } = require('./failure');

/** @import { Command } from 'commander' */

const KEYS_VARIABLE = 'DYNAMO_SESSION_STORE_ENCRYPTION_KEYS';
const SECRETS_VARIABLE = 'DYNAMO_SESSION_STORE_ID_SECRETS';

const KINDS = /** @type {const} */ (['express', 'koa', 'shopify']);

/**
 * Flags that would hold a secret: every user of the machine can read the arguments of a process, and shells keep them.
 *
 * @type {[RegExp, string][]}
 */
const SECRET_FLAGS = [
  [/^(from-|to-)?encryption(-?keys?)?$/, `the variable ${KEYS_VARIABLE}`],
  [
    /^(from-|to-)?(hash-?ids?(-?secrets?)?|(session-)?id-?secrets?|secrets?)$/,
    `the variable ${SECRETS_VARIABLE}`,
  ],
  [/^(aws-?)?access-?key(-?id)?$/, 'the variable AWS_ACCESS_KEY_ID, or --profile'],
  [/^(aws-?)?secret(-?access)?-?key$/, 'the variable AWS_SECRET_ACCESS_KEY, or --profile'],
  [/^(aws-?)?session-?token$/, 'the variable AWS_SESSION_TOKEN, or --profile'],
];

/**
 * Refuses flags that would hold a secret. The error does not show the value.
 *
 * @param {string[]} args
 */
function refuseSecrets(args) {
  for (const arg of args) {
    const [, name] = /^--([\w-]+)/.exec(arg) ?? [];
    const [, place] = SECRET_FLAGS.find(([flag]) => name && flag.test(name.toLowerCase())) ?? [];
    if (place) {
      throw new UsageError(
        `--${name} is refused: arguments can be read by others on this machine. Use ${place}.`,
      );
    }
  }
}

/** @param {string} text */
function positive(text) {
  const number = Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a number above 0.');
}

/** @param {string} text */
function whole(text) {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  throw new InvalidArgumentError('It must be a whole number, at least 1.');
}

/** @param {string} text */
function region(text) {
  if (/^[a-z\d-]+$/i.test(text)) return text;
  throw new InvalidArgumentError('It must be the name of a region such as us-east-1.');
}

/** @param {string} text */
function list(text) {
  return text.split(',').map((each) => each.trim());
}

/** @param {string} text @param {Record<string, { value: string }>} [before] */
function index(text, before = {}) {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined) {
    throw new InvalidArgumentError('It must be a name and a key of the session: user=userId.');
  }
  return { ...before, [name]: { value } };
}

/**
 * The flags for a place of sessions. `migrate` has them twice, the second time with `--to-` before the name.
 *
 * @type {{ flag: string, text: string, parse?: (text: string, before: any) => any, choices?: readonly string[] }[]}
 */
const PLACE = [
  { flag: 'store <kind>', text: 'the store of the application', choices: KINDS },
  {
    flag: 'config <file>',
    text: 'a .js, .cjs, .mjs or .json file that exports the options of the store',
  },
  { flag: 'table <name>', text: 'the table' },
  { flag: 'endpoint <url>', text: 'the endpoint of DynamoDB' },
  { flag: 'region <region>', text: 'the region', parse: region },
  { flag: 'profile <name>', text: 'the profile in the configuration files of AWS' },
  { flag: 'prefix <text>', text: 'the prefix of the keys (express)' },
  { flag: 'hash-key <name>', text: 'the attribute that is the key of the table (express, koa)' },
  {
    flag: 'expires-attribute <name>',
    text: 'the attribute for the end of sessions (koa, shopify)',
  },
  { flag: 'shop-index <name>', text: 'the index of sessions by shop (shopify)' },
  {
    flag: 'index <name=key>',
    text: 'an index of sessions, such as user=userId; may be repeated (express, koa)',
    parse: index,
  },
  {
    flag: 'identity-keys <keys>',
    text: 'the keys of a session that name its user, with commas (express, koa)',
    parse: list,
  },
  {
    flag: 'absolute-ttl <ms>',
    text: 'the milliseconds after which a session ends in any case (express, koa)',
    parse: positive,
  },
  { flag: 'compress', text: 'write sessions compressed' },
  {
    flag: 'no-encryption-write',
    text: 'with encryption keys: write sessions as without encryption',
  },
  {
    flag: 'hash-ids-migrate',
    text: 'with id secrets: find sessions under plain ids too (express, koa)',
  },
  {
    flag: 'no-hash-ids-write',
    text: 'with id secrets: write sessions under plain ids (express, koa)',
  },
];

/** The flags for requests to DynamoDB. */
const REQUESTS = [
  {
    flag: 'operation-timeout <ms>',
    text: 'the milliseconds that a request may take',
    parse: positive,
  },
  {
    flag: 'table-timeout <ms>',
    text: 'the milliseconds that work on the table may take',
    parse: positive,
  },
  { flag: 'max-sockets <count>', text: 'the largest number of connections', parse: whole },
];

/**
 * Adds the flags of all commands.
 *
 * @param {Command} command
 */
function addCommonFlags(command) {
  command.optionsGroup('Where the sessions lie:');
  addPlace(command, '');
  command.optionsGroup('Requests:');
  for (const each of REQUESTS) command.addOption(optionOf(each, ''));
  command.optionsGroup('Output:');
  command.option('--json', 'print JSON: one document, or a line for each session');
  command.option(
    '--verbose',
    'show stacks and causes of errors; DEBUG in the environment does too',
  );
  command.helpOption('-h, --help', 'show this help');
}

/**
 * @param {Command} command
 * @param {string} prefix
 */
function addPlace(command, prefix) {
  for (const each of PLACE) command.addOption(optionOf(each, prefix));
}

/**
 * @param {typeof PLACE[number]} each
 * @param {string} prefix
 */
function optionOf({ flag, text, parse, choices }, prefix) {
  const isNegated = flag.startsWith('no-');
  const name = isNegated ? `no-${prefix}${flag.slice('no-'.length)}` : `${prefix}${flag}`;
  const option = new Option(`--${name}`, text);
  if (choices) option.choices(choices);
  if (parse) option.argParser(parse);
  return option;
}

module.exports = {
  KEYS_VARIABLE,
  KINDS,
  SECRETS_VARIABLE,
  addCommonFlags,
  addPlace,
  positive,
  refuseSecrets,
  whole,
};

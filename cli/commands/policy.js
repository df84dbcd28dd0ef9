'use strict';

/** `policy`: the least policy of IAM for the options of a store, and whether the credentials have it. */

const { InvalidArgumentError, Option } = require('commander');
const doctor = require('../doctor');
const { EXIT, UsageError, throwIfStopped } = require('../failure');
const { storeOptions } = require('../store-options');
const { visibleLines } = require('../text');
const { addUseFlag, usesOf } = require('../uses');

/** @import { Permission } from '../doctor/permissions' */
/** @import { Output } from '../output' */

/** @type {import('../run').Definition} */
module.exports = {
  name: 'policy',
  summary: 'print the least policy of IAM for the options, or check the permissions',
  description:
    'Prints the policy of IAM with the actions that the options of the store need, and no others. With --check, finds out\n' +
    'by harmless requests whether the credentials have these permissions: nothing is changed.',
  define(command) {
    command.addOption(
      new Option('--format <language>', 'the language of the policy')
        .choices(['json', 'terraform', 'cdk'])
        .default('json'),
    );
    command.option('--check', 'try the permissions instead');
    addUseFlag(command);
    command.option('--account <id>', 'the account in the ARN of the table', account);
    command.option('--partition <name>', 'the partition in the ARN, such as aws-cn');
    command.option('--arn <arn>', 'the ARN of the table', arn);
    command.option('--only-prefix', 'allow only keys with the prefix of the store');
    command.option('--source-vpce <id>', 'allow only requests through this VPC endpoint');
    command.option(
      '--principal <arn>',
      'make a policy on the table, for this role of another account',
    );
  },
  async run({ env, flags, output, signal }) {
    const { kind, options } = await storeOptions(flags, env, { asApplication: true });
    const uses = usesOf(flags);
    if (flags.check) return check(output, await permissionsOf(kind, options, uses, signal));
    if (output.isJson && flags.format !== 'json') {
      throw new UsageError('--json cannot be used together with another --format.');
    }
    const { account, arn, onlyPrefix, partition, prefix, principal, sourceVpce } = flags;
    const region = flags.region ?? options.AWSRegion ?? textOr(options.dynamoConfig?.region);
    const place = {
      account,
      arn,
      onlyPrefix,
      partition,
      prefix,
      principal,
      region,
      sourceVpce,
      uses,
    };
    const set = Object.fromEntries(
      Object.entries(place).filter(([, value]) => value !== undefined),
    );
    const policy = doctor.leastPolicy(kind, options, set);
    await output.write(visibleLines(doctor.formatPolicy(policy, flags.format).trimEnd()));
    return EXIT.done;
  },
};

/** @param {string} text */
function account(text) {
  if (/^\d{12}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a number of 12 digits.');
}

/** @param {string} text */
function arn(text) {
  if (/^arn:[^:]+:dynamodb:[^:]+:(\d{12}|\*):table\/[\w.*-]+$/.test(text)) return text;
  throw new InvalidArgumentError(
    'It must be the ARN of a table: arn:aws:dynamodb:eu-west-1:123456789012:table/sessions.',
  );
}

/** A region may be a function. @param {unknown} value */
function textOr(value) {
  return typeof value === 'string' ? value : undefined;
}

/**
 * @param {'express' | 'koa' | 'shopify'} kind
 * @param {Record<string, any>} options
 * @param {any[]} uses
 * @param {AbortSignal} signal
 */
async function permissionsOf(kind, options, uses, signal) {
  try {
    return await doctor.permissions(kind, options, { signal, uses });
  } catch (error) {
    throwIfStopped(signal);
    throw error;
  }
}

/**
 * Shows the permissions that the options need.
 *
 * @param {Output} output
 * @param {Permission[]} all
 */
async function check(output, all) {
  const needed = all.filter((each) => each.needed !== 'no');
  const denied = needed.filter((each) => each.needed === 'yes' && each.result === 'denied');
  const unknown = needed.filter((each) => each.needed === 'yes' && each.result === 'unknown');
  const isWell = denied.length === 0 && unknown.length === 0;
  const colour = {
    allowed: output.paint.green,
    denied: output.paint.red,
    unknown: output.paint.yellow,
  };
  const rows = needed.map(({ action, index, purpose, reason, needed: need, result }) => [
    { text: result, paint: colour[result] },
    index ? `${action} (${index})` : action,
    need === 'optional' ? `${purpose} (optional)` : purpose,
    reason ?? '',
  ]);
  await output.result({ ok: isWell, permissions: needed }, () =>
    output.table(rows, { head: ['RESULT', 'ACTION', 'NEEDED FOR', 'REASON'] }),
  );
  return isWell ? EXIT.done : EXIT.failed;
}

'use strict';

/** The least policy of IAM for the options of a store. */

const { invalidArgument } = require('../../lib/diagnosis');
const { needsOf, readFacts } = require('./needs');

/** @import { Kind } from '../../lib/kinds' */
/** @import { Use } from './needs' */

/**
 * The settings of a policy that the options of a store do not have. Each part may be left out.
 *
 * @typedef {object} Place
 * @property {string} [arn] the ARN of the table. It takes the place of the next three
 * @property {string} [region] default: any
 * @property {string} [account] default: any
 * @property {string} [partition] default: `aws`
 * @property {readonly Use[]} [uses] further work of the program
 * @property {boolean} [onlyPrefix] allow only keys with the prefix of the store, if several applications share a table
 * @property {string} [prefix] the prefix of the keys, if it is not an option of the store
 * @property {string} [sourceVpce] allow only requests through this VPC endpoint
 * @property {string} [principal] the ARN of a role: the policy is one on the table, for another account
 *
 * @typedef {object} Statement
 * @property {'Allow'} Effect
 * @property {{ AWS: string }} [Principal]
 * @property {string[]} Action
 * @property {string} Resource
 * @property {Record<string, Record<string, string | string[]>>} [Condition]
 *
 * @typedef {{ Version: '2012-10-17', Statement: Statement[] }} Policy
 */

/** The actions that a policy on a table cannot allow to another account. */
const NOT_ACROSS = new Set([
  'CreateTable',
  'DescribeTimeToLive',
  'UpdateTimeToLive',
  'UpdateContinuousBackups',
]);

/**
 * Returns the policy with only the actions that the options use.
 *
 * @param {Kind} kind
 * @param {Record<string, any>} options
 * @param {Place} [place]
 * @returns {Policy}
 */
function leastPolicy(kind, options, place = {}) {
  const facts = readFacts(kind, options);
  const needed = needsOf(facts, place.uses).filter((need) => need.needed !== 'no');
  const needs = place.principal ? needed.filter(({ action }) => !NOT_ACROSS.has(action)) : needed;
  const table = arnOf(facts.table, place);
  const prefix = place.prefix ?? facts.prefix;
  const condition = place.onlyPrefix ? keysWith(prefix) : {};
  const onTable = needs.filter(({ index }) => index === undefined);
  // A scan reads all items, and requests about a table have no key: the condition would deny them.
  const ofItems = onTable.filter(({ action }) => action.endsWith('Item'));
  const others = onTable.filter(({ action }) => !action.endsWith('Item'));
  const groups = place.onlyPrefix
    ? [statement(ofItems, [table], place, condition), statement(others, [table], place)]
    : [statement(onTable, [table], place)];
  const indexes = needs.filter(({ index }) => index !== undefined);
  const arns = indexes.map(({ index }) => `${table}/index/${index}`);
  const queries = statement(indexes.slice(0, 1), arns, place);
  const statements = [...groups, queries].filter(({ Action }) => Action.length > 0);
  return { Version: '2012-10-17', Statement: statements };
}

/**
 * @param {{ action: string }[]} needs
 * @param {string[]} arns
 * @param {Place} place
 * @param {Record<string, any>} [condition]
 * @returns {any}
 */
function statement(needs, arns, { principal, sourceVpce }, condition = {}) {
  const all = {
    ...condition,
    ...(sourceVpce !== undefined && { StringEquals: { 'aws:SourceVpce': sourceVpce } }),
  };
  return {
    Effect: 'Allow',
    ...(principal !== undefined && { Principal: { AWS: principal } }),
    Action: needs.map(({ action }) => `dynamodb:${action}`),
    Resource: arns.length === 1 ? arns[0] : arns,
    ...(Object.keys(all).length > 0 && { Condition: all }),
  };
}

/** @param {string | undefined} prefix */
function keysWith(prefix) {
  if (!prefix) {
    throw invalidArgument('"onlyPrefix" needs a prefix: set the option "prefix" of the policy');
  }
  return { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': [`${prefix}*`] } };
}

/**
 * @param {string} table the name of the table, or its ARN
 * @param {Place} place
 */
function arnOf(table, { account = '*', arn, partition = 'aws', region = '*' }) {
  if (arn !== undefined) return arn;
  return table.startsWith('arn:')
    ? table
    : `arn:${partition}:dynamodb:${region}:${account}:table/${table}`;
}

module.exports = { leastPolicy };

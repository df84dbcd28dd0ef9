'use strict';

/** The permissions that a store needs by its options. */

const { invalidArgument, readFacts } = require('../../lib/diagnosis');

/** @import { Facts } from '../../lib/diagnosis' */

/**
 * The work of a program that the options of its store do not show: it creates the table with a method, it calls `ensureIndexes()`,
 * or it calls `all`, `length`, `ids`, `clear` or `reap`.
 *
 * @typedef {'createTable' | 'ensureIndexes' | 'all'} Use
 *
 * @typedef {object} Need
 * @property {string} action such as `GetItem`
 * @property {string} [index] the name of the index, if the permission is on one
 * @property {'yes' | 'optional' | 'no'} needed `optional`: the store works without the permission, as `purpose` says;
 *   `no`: the options do not need it
 * @property {string} purpose a noun phrase, such as "reads of sessions"
 */

const USES = ['createTable', 'ensureIndexes', 'all'];

/**
 * Returns all permissions that a store of this kind may need, in the order of docs/IAM.md.
 *
 * @param {Facts} facts
 * @param {readonly Use[]} [uses]
 * @returns {Need[]}
 */
function needsOf(facts, uses = []) {
  const wrong = uses.find((use) => !USES.includes(use));
  if (wrong !== undefined) {
    throw invalidArgument(`"uses" takes ${USES.map((use) => `"${use}"`).join(', ')}`);
  }
  const { kind, indexes } = facts;
  const isWeb = kind !== 'shopify';
  const creates = facts.createsTable || uses.includes('createTable');
  const adds = uses.includes('ensureIndexes') && isWeb && indexes.length > 0;
  const readsTimeToLive = creates && facts.wantsTimeToLive && kind !== 'express';
  const when = (/** @type {unknown} */ is) => (is ? 'yes' : 'no');
  const ifOptional = (/** @type {unknown} */ is) => (is ? 'optional' : 'no');
  /** @type {[string, Need['needed'], string][]} */
  const onTable = [
    ['GetItem', 'yes', 'reads of sessions'],
    ['PutItem', 'yes', 'saves of sessions'],
    ['UpdateItem', when(isWeb), 'touches, locks and marks of sessions'],
    ['DeleteItem', 'yes', 'logouts'],
    ['BatchGetItem', ifOptional(facts.batches), 'batches of reads under load'],
    ['BatchWriteItem', ifOptional(facts.batches), 'batches of writes under load'],
    ['Scan', when(facts.reaps || uses.includes('all')), 'all, length, ids, clear and reap'],
    ['DescribeTable', when(creates || adds), 'checks of the table'],
    ['CreateTable', when(creates), 'the creation of the table'],
    ['DescribeTimeToLive', ifOptional(readsTimeToLive), 'checks of the time to live'],
    [
      'UpdateTimeToLive',
      ifOptional(creates && facts.wantsTimeToLive),
      'turning on the time to live of the table',
    ],
    [
      'UpdateTable',
      adds ? 'yes' : ifOptional(creates && facts.setsCapacity),
      adds ? 'ensureIndexes()' : 'changes of the capacity units',
    ],
    ['TagResource', when(creates && facts.tags), 'the tags of a new table'],
    [
      'UpdateContinuousBackups',
      ifOptional(creates && facts.recovery),
      'the point-in-time recovery of a new table',
    ],
  ];
  const queries = indexes.map(({ name }) => ({
    action: 'Query',
    index: name,
    needed: /** @type {const} */ ('yes'),
    purpose: isWeb ? 'the sessions of a value' : 'findSessionsByShop()',
  }));
  return [...onTable.map(([action, needed, purpose]) => ({ action, needed, purpose })), ...queries];
}

module.exports = { needsOf, readFacts };

'use strict';

/** The diagnosis of a store: one finding after another. */

const { performance } = require('node:perf_hooks');
const { abortable } = require('./abort');
const { CHECKS, error, list, ok, sentence, skipped, warning } = require('./finding');

/** @import { Subject } from '../../lib/diagnosis' */
/** @import { Kind } from '../../lib/kinds' */
/** @import { Check, Finding } from './finding' */
/** @import { Permission, Settings } from './permissions' */

/**
 * Examines a store and its surroundings. It changes nothing, except one session under a random id, which is written
 * and deleted again. No finding has a secret, a session id or the data of a session.
 *
 * @param {Kind} kind
 * @param {Record<string, any>} options those of the store
 * @param {Settings} [settings] `uses`: further work of the program, for its permissions
 * @returns {AsyncGenerator<Finding, void, void>} one finding for each of `CHECKS`, in this order
 * @throws the reason of the signal if it is aborted; a `TypeError` if an option is invalid
 */
async function* diagnose(kind, options, settings = {}) {
  const { signal } = settings;
  signal?.throwIfAborted();
  let load;
  try {
    load = { ...require('../../lib/diagnosis'), ...require('./addon') };
  } catch (failure) {
    const { code, message } = /** @type {any} */ (failure);
    if (code !== 'ERR_SESSION_ADDON') throw failure;
    yield error('addon', sentence(message), { data: { code } });
    yield* skipAll(CHECKS.slice(1), 'The addon cannot be loaded.');
    return;
  }
  const subject = new load.Subject(kind, options);
  try {
    yield load.addon();
    yield* examine(subject, settings);
  } finally {
    await subject.close();
  }
}

/**
 * @param {Subject} subject
 * @param {Settings} settings
 * @returns {AsyncGenerator<Finding, void, void>}
 */
async function* examine(subject, settings) {
  const { signal } = settings;
  const connection = require('./connection');
  const { facts, origin } = subject;
  const ways = await abortable(subject.ways().catch(unready), signal);
  if ('unready' in ways) {
    yield error('credentials', sentence(ways.unready));
    yield* skipAll(CHECKS.slice(2), 'The settings of the connection cannot be used.');
    return;
  }
  yield connection.credentials(ways, origin);
  const started = performance.now();
  const described = await abortable(describe(subject, 'DescribeTable'), signal);
  const elapsed = performance.now() - started;
  const place = { client: await subject.placeOfClient(), origin };
  yield connection.region(ways, place);
  const after = ways.credentialsFailure ? ways : await abortable(subject.ways(), signal);
  yield connection.endpoint(after, place, described, elapsed);
  yield connection.clock(described);
  if (!connection.hasAnswered(described.failure)) {
    yield* skipAll(CHECKS.slice(CHECKS.indexOf('table')), 'DynamoDB was not reached.');
    return;
  }
  const table = require('./table');
  yield table.table(facts, described);
  const found = described.body?.Table;
  const timeToLive = found && (await abortable(describe(subject, 'DescribeTimeToLive'), signal));
  if (found) {
    yield* examineTable(subject, found, timeToLive, signal);
  } else {
    const of = ['key', 'time-to-live', 'billing', 'indexes', 'replicas'];
    yield* skipAll(/** @type {Check[]} */ (of), 'The table could not be described.');
  }
  const known = { table: found, timeToLive: timeToLive?.body?.TimeToLiveDescription };
  const { permissionsOf } = require('./permissions');
  yield ofPermissions(await permissionsOf(subject, known, settings));
  if (described.failure?.code === 'ResourceNotFoundException') {
    yield skipped('round-trip', 'The table does not exist.');
    return;
  }
  yield await require('./round-trip').roundTrip(subject, signal);
}

/** @param {any} failure the settings of the store cannot be read */
function unready({ message }) {
  return { unready: String(message) };
}

/** @param {Subject} subject @param {string} operation */
function describe(subject, operation) {
  return subject.request(operation, { TableName: subject.facts.table });
}

/**
 * @param {Subject} subject
 * @param {any} found the description of the table
 * @param {import('../../lib/diagnosis').Answer} timeToLive
 * @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<Finding, void, void>}
 */
async function* examineTable(subject, found, timeToLive, signal) {
  const { facts } = subject;
  const table = require('./table');
  const key = table.key(facts, found);
  yield key;
  yield table.timeToLive(facts, timeToLive);
  yield require('./billing').billing(facts, found);
  if (key.status === 'ok' && isUsable(found)) {
    const asked = Promise.all(facts.indexes.map((_, at) => subject.index(at)));
    yield table.indexes(facts, await abortable(asked, signal));
  } else {
    yield skipped('indexes', 'The table cannot be used.');
  }
  yield table.replicas(facts, found);
}

/** Whether requests for items can be sent to a table. @param {any} found its description */
function isUsable({ TableStatus = 'ACTIVE' }) {
  return TableStatus === 'ACTIVE' || TableStatus === 'UPDATING';
}

/**
 * @param {Permission[]} all
 * @returns {Finding}
 */
function ofPermissions(all) {
  const check = 'permissions';
  const needed = all.filter((each) => each.needed !== 'no');
  const denied = needed.filter(({ result }) => result === 'denied');
  const lacking = denied.filter((each) => each.needed === 'yes');
  const unknown = needed.filter(({ result }) => result === 'unknown');
  const data = { permissions: all };
  const not =
    unknown.length > 0
      ? ` Not known: ${list(unknown.map((each) => `${nameOf(each)} (${each.reason})`))}.`
      : '';
  if (denied.length > 0) {
    const shown = denied.map((each) => `${nameOf(each)}, for ${each.purpose}`);
    const reasons = [...new Set(denied.map(({ reason }) => reason).filter(Boolean))];
    const why = reasons.length > 0 ? ` The reason: ${reasons.join('; ')}.` : '';
    return (lacking.length > 0 ? error : warning)(
      check,
      `Denied: ${shown.join('; ')}.${why}${not}`,
      {
        advice: `Allow ${list(denied.map(nameOf))}, or leave out what needs them. docs/IAM.md has the policies.`,
        data,
      },
    );
  }
  const tried = needed.length - unknown.length;
  const found = `The ${tried} permissions that the options need and that could be tried are allowed.${not}`;
  if (unknown.length > 0 && tried === 0) return skipped(check, not.trim(), { data });
  return ok(check, found, { data });
}

/** @param {Permission} permission */
function nameOf({ action, index }) {
  return index ? `${action} on the index "${index}"` : action;
}

/**
 * @param {readonly Check[]} checks
 * @param {string} reason
 */
function* skipAll(checks, reason) {
  for (const check of checks) yield skipped(check, reason);
}

module.exports = { diagnose };

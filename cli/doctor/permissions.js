'use strict';

/** The permissions of a store's credentials, found by harmless forms of its requests. */

const { Subject } = require('../../lib/diagnosis');
const { abortable } = require('./abort');
const { formOf } = require('./forms');
const { needsOf } = require('./needs');

/** @import { Answer } from '../../lib/diagnosis' */
/** @import { Kind } from '../../lib/kinds' */
/** @import { Known } from './forms' */
/** @import { Need, Use } from './needs' */

/**
 * @typedef {object} Permission
 * @property {string} action such as `dynamodb:GetItem`
 * @property {string} [index] the name of the index, if the permission is on one
 * @property {Need['needed']} needed
 * @property {string} purpose
 * @property {'allowed' | 'denied' | 'unknown'} result
 * @property {string} [reason] the reason of a denial or of an unknown result
 *
 * @typedef {{ signal?: AbortSignal, uses?: readonly Use[] }} Settings
 */

/**
 * The errors of a request whose sender DynamoDB does not know: they come before any policy is read. And the errors
 * that may come before: after them, the permission is unknown.
 */
const NOT_AUTHENTICATED = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'RequestTimeTooSkewed',
  'SignatureDoesNotMatch',
  'UnrecognizedClientException',
]);
const UNDECIDED = new Set([
  'InternalServerError',
  'RequestLimitExceeded',
  'ServiceUnavailable',
  'ThrottlingException',
  'UnknownError',
  'UnknownOperationException',
]);

/** The part of IAM's message that names the kind of the policy. */
const BECAUSE =
  /because no [\w -]+ allows the [\w-]+:\w+ action|with an explicit deny in an? [\w -]+/;

/**
 * Finds out which permissions the credentials of a store have.
 *
 * @param {Kind} kind
 * @param {Record<string, any>} options
 * @param {Settings} [settings]
 * @returns {Promise<Permission[]>}
 */
async function permissions(kind, options, settings = {}) {
  const subject = new Subject(kind, options);
  try {
    const { table: TableName } = subject.facts;
    const [{ body }, { body: ttl }] = await abortable(
      Promise.all([
        subject.request('DescribeTable', { TableName }),
        subject.request('DescribeTimeToLive', { TableName }),
      ]),
      settings.signal,
    );
    const known = { table: body?.Table, timeToLive: ttl?.TimeToLiveDescription };
    return await permissionsOf(subject, known, settings);
  } finally {
    await subject.close();
  }
}

/**
 * @param {Subject} subject
 * @param {Known} known
 * @param {Settings} settings
 * @returns {Promise<Permission[]>}
 */
async function permissionsOf(subject, known, { signal, uses }) {
  const needs = needsOf(subject.facts, uses);
  return abortable(Promise.all(needs.map((need) => tryNeed(need, subject, known))), signal);
}

/**
 * @param {Need} need
 * @param {Subject} subject
 * @param {Known} known
 * @returns {Promise<Permission>}
 */
async function tryNeed(need, subject, known) {
  const permission = { ...need, action: `dynamodb:${need.action}` };
  const form = formOf(need, subject, known);
  if (typeof form === 'string') return { ...permission, result: 'unknown', reason: form };
  return { ...permission, ...resultOf(await subject.request(form.operation, form.input)) };
}

/**
 * Reads from an answer whether the request was allowed.
 *
 * DynamoDB checks the signature first, then IAM's policies, and only then the table and the conditions of the request.
 * The forms are complete and well-formed. So an error about the table, a condition or a state, such as
 * `ValidationException` or `ConditionalCheckFailedException`, means that the policies allow the request.
 *
 * @param {Answer} answer
 * @returns {Pick<Permission, 'result' | 'reason'>}
 */
function resultOf({ failure }) {
  if (!failure) return { result: 'allowed' };
  const { code, message, statusCode = 400 } = failure;
  if (code === 'AccessDeniedException') {
    // The message also has the name of the caller, which the finding does not need.
    const [because] = BECAUSE.exec(message) ?? [];
    const [, named] = /perform: (\w+:\w+)/.exec(message) ?? [];
    return { result: 'denied', reason: because ?? (named && `${named} is not allowed`) };
  }
  if (NOT_AUTHENTICATED.has(code) || UNDECIDED.has(code) || statusCode >= 500) {
    return { result: 'unknown', reason: `DynamoDB answered ${code}` };
  }
  // An error of the store: no request was sent, or no answer came.
  if (code.startsWith('ERR_')) return { result: 'unknown', reason: message };
  return { result: 'allowed' };
}

module.exports = { permissions, permissionsOf };

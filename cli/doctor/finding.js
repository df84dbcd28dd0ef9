'use strict';

/**
 * Findings of a diagnosis.
 *
 * @typedef {'addon' | 'credentials' | 'region' | 'endpoint' | 'clock' | 'table' | 'key' | 'time-to-live' | 'billing' |
 *   'indexes' | 'replicas' | 'permissions' | 'round-trip'} Check
 *
 * @typedef {object} Finding
 * @property {Check} check
 * @property {'ok' | 'warning' | 'error' | 'skipped'} status
 * @property {string} found the facts, in plain sentences
 * @property {string} [advice] what to do
 * @property {Record<string, unknown>} [data] the facts for programs
 */

/** The checks, in the order of their findings. @type {readonly Check[]} */
const CHECKS = [
  'addon',
  'credentials',
  'region',
  'endpoint',
  'clock',
  'table',
  'key',
  'time-to-live',
  'billing',
  'indexes',
  'replicas',
  'permissions',
  'round-trip',
];

/** @param {Finding['status']} status */
const finding =
  (status) =>
  /**
   * @param {Check} check
   * @param {string} found
   * @param {{ advice?: string, data?: Record<string, unknown> }} [more]
   * @returns {Finding}
   */
  (check, found, { advice, data } = {}) => ({
    check,
    status,
    found,
    ...(advice !== undefined && { advice }),
    ...(data !== undefined && { data }),
  });

const ok = finding('ok');
const warning = finding('warning');
const error = finding('error');
const skipped = finding('skipped');

/** A list as text: `a, b and c`. @param {string[]} parts */
function list(parts) {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

/** A number with its noun: `1 item`, `2,000 items`. @param {number} count @param {string} noun */
function counted(count, noun) {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

/** A sentence of an error's message. @param {string} message */
function sentence(message) {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

module.exports = { CHECKS, counted, error, list, ok, sentence, skipped, warning };

'use strict';

/** What is measured, in the order of the tables. A new subject is an entry of `others.js` or `ours.js`. */

const { configOf } = require('../lib/sessions');
const { others } = require('./others');
const { ours } = require('./ours');

/** @import { Entry, Place, Subject } from '../types' */

/** For scale. @type {Record<string, Entry>} */
const floors = {
  'napi-noop': {
    label: 'a call into the addon (expiresAt), no request',
    modes: 'canned',
    framework: 'koa',
    format: 'none',
    operations: ['get'],
    // What a crossing costs, and the harness around it: the event loop never turns.
    open() {
      const { expiresAt } = require('../../lib/native');
      return { store: { get: async () => ({ expires: expiresAt(1) }) } };
    },
  },
  // Not a store, but a program of `canned-server/`, which reads its CPU time from `/proc`.
  floor: {
    label: 'Rust alone (hyper), no signing, no parsing',
    modes: process.platform === 'linux' ? 'canned' : '',
    format: 'none',
    open: () => ({ store: undefined }),
  },
};

/** @type {Subject[]} */
const subjects = Object.entries({ ...others, ...ours, ...floors }).map(([name, entry]) => {
  return { name, framework: 'express', format: 'connect', ...entry };
});

/** The stores of each framework are compared with this one, where frameworks are compared apart. */
const BASELINES = {
  express: 'connect-dynamodb',
  koa: 'koa-session-dynamodb-store',
  shopify: 'shopify',
};

/** Elsewhere, all stores are compared with this one. */
const BASELINE = BASELINES.express;

/** @param {string} name */
function subjectOf(name) {
  return subjects.find((subject) => subject.name === name);
}

/** @param {string} name */
function isOurs(name) {
  return name.startsWith('ours');
}

/**
 * Opens the store of a subject.
 *
 * @param {Subject} subject
 * @param {Place} place
 * @param {object} [options] further options of the store; only this package's stores take them
 */
async function openStore(subject, { endpoint, table }, options) {
  const place = { endpoint, table, config: configOf(endpoint) };
  const { store, close, countEvents } = await subject.open(place, options);
  return { store, close: async () => close?.(), countEvents };
}

module.exports = { BASELINE, BASELINES, isOurs, openStore, subjectOf, subjects };

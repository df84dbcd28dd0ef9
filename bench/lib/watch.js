'use strict';

/** What a monitoring tool does at least: it subscribes to the calls and the requests of this package's stores. */

const { tracingChannel } = require('node:diagnostics_channel');
const { join } = require('node:path');
const { createHistogram } = require('node:perf_hooks');

/** The file of the package that makes events. It is loaded with the first of them. */
const MAKER = join('dynamo-session-store', 'lib', 'tracing.js');

/**
 * Subscribes to the channels of calls and of requests, and adds the duration of each to the histogram of its kind.
 *
 * @returns {{ count: () => number, stop: () => void }} `count`: the events so far
 */
function watch() {
  const { CHANNELS } = require('dynamo-session-store');
  const watched = [CHANNELS.OPERATION, CHANNELS.REQUEST].map(watchChannel);
  return {
    count: () => watched.reduce((sum, { count }) => sum + count(), 0),
    stop() {
      for (const { stop } of watched) stop();
    },
  };
}

/** @param {string} name of a channel */
function watchChannel(name) {
  const { asyncEnd } = tracingChannel(name);
  /** @type {Map<string, import('node:perf_hooks').RecordableHistogram>} */
  const byKind = new Map();
  const note = (/** @type {any} */ message) => {
    const kind = message['db.operation.name'];
    const histogram = byKind.get(kind) ?? createHistogram();
    byKind.set(kind, histogram);
    // Whole microseconds, and no histogram takes 0.
    histogram.record(Math.max(1, Math.round(message.duration * 1000)));
  };
  asyncEnd.subscribe(note);
  return {
    count: () => [...byKind.values()].reduce((sum, histogram) => sum + histogram.count, 0),
    stop: () => asyncEnd.unsubscribe(note),
  };
}

/** Whether this process has made an event of this package. */
function hasMadeEvents() {
  return Object.keys(require.cache).some((file) => file.endsWith(MAKER));
}

module.exports = { hasMadeEvents, watch };

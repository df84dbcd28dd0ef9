'use strict';

/** The messages on the package's channels, while a test runs. */

const { subscribe, tracingChannel, unsubscribe } = require('node:diagnostics_channel');
const { CHANNELS } = require('../..');

const TRACED = ['OPERATION', 'REQUEST'];
const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];

/**
 * Subscribes to channels, until `stop` is called.
 *
 * @param {() => any} [noted] returns what each entry also has, such as the present asynchronous context
 * @param {string[]} [names] the names of the channels in `CHANNELS`
 */
function hear(noted = () => undefined, names = Object.keys(CHANNELS)) {
  /** The messages in their order. A message has the same object in each of its events. */
  const entries = [];
  const stops = names.map((name) => {
    const note = (event) => (message) => entries.push({ name, event, message, noted: noted() });
    if (!TRACED.includes(name)) {
      const listener = note();
      subscribe(CHANNELS[name], listener);
      return () => unsubscribe(CHANNELS[name], listener);
    }
    const listeners = Object.fromEntries(EVENTS.map((event) => [event, note(event)]));
    tracingChannel(CHANNELS[name]).subscribe(listeners);
    return () => tracingChannel(CHANNELS[name]).unsubscribe(listeners);
  });
  const of = (name, event) =>
    entries.filter((entry) => entry.name === name && (!event || entry.event === event));
  return {
    entries,
    of,
    /** The messages of a channel; of a traced one: those that have ended. */
    messages: (name) =>
      of(name, TRACED.includes(name) ? 'asyncEnd' : undefined).map(({ message }) => message),
    stop() {
      for (const stop of stops) stop();
    },
  };
}

module.exports = { hear };

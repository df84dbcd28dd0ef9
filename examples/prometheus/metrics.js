'use strict';

/** The counters of a session store as metrics for Prometheus. Copy this file into your application. */

const { Counter, Gauge } = require('prom-client');

/**
 * Registers the metrics of a store. They read `store.stats()` when Prometheus asks for them, so between two scrapes they
 * cost nothing.
 *
 * @param {import('dynamo-session-store').DynamoDBStore} store
 * @param {import('prom-client').Registry} registry
 */
function registerMetrics(store, registry) {
  const register = (Metric, name, help, labelNames, report) =>
    new Metric({
      name: `dynamo_session_store_${name}`,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        report(store.stats(), (labels, value) => this.inc(labels, value));
      },
    });
  const counter = (name, help, labelNames, report) =>
    register(Counter, name, help, labelNames, report);
  const count = (name, help, read) => counter(name, help, [], (stats, add) => add({}, read(stats)));
  const gauge = (name, help, read) =>
    register(Gauge, name, help, [], (stats, add) => add({}, read(stats)));

  counter(
    'operations_total',
    'Calls of the store that have ended. The outcome is "ok" or the code of the error.',
    ['operation', 'outcome'],
    ({ operations }, add) => {
      for (const [operation, { succeeded, errors }] of Object.entries(operations)) {
        add({ operation, outcome: 'ok' }, succeeded);
        for (const [outcome, failed] of Object.entries(errors)) add({ operation, outcome }, failed);
      }
    },
  );
  counter(
    'requests_total',
    'Requests to DynamoDB that have ended.',
    ['operation', 'outcome'],
    ({ requests }, add) => {
      for (const [operation, { requests: ended, failed }] of Object.entries(requests)) {
        add({ operation, outcome: 'ok' }, ended - failed);
        add({ operation, outcome: 'failed' }, failed);
      }
    },
  );
  counter('bytes_total', 'Bytes of bodies.', ['direction'], ({ bytes }, add) => {
    for (const [direction, sum] of Object.entries(bytes)) add({ direction }, sum);
  });
  counter('capacity_units_total', 'Capacity units.', ['kind'], ({ capacity }, add) => {
    for (const [kind, sum] of Object.entries(capacity)) add({ kind }, sum);
  });

  count('attempts_total', 'Times that requests were sent.', ({ attempts }) => attempts);
  count('retries_total', 'Attempts after the first of a request.', ({ retries }) => retries);
  count('throttled_total', 'Times that DynamoDB throttled.', ({ throttled }) => throttled);
  count('merged_total', 'Operations sent as one with another.', ({ merged }) => merged);
  count('left_out_total', 'Calls that needed no write.', ({ leftOut }) => leftOut);
  gauge('available', '0 during an outage.', ({ available }) => Number(available));
  gauge('pending', 'Calls without an outcome.', ({ pending }) => pending);
  gauge('in_flight', 'Requests in flight.', ({ inFlight }) => inFlight);
  gauge('connections', 'Open connections.', ({ connections }) => connections);
}

module.exports = { registerMetrics };

'use strict';

/**
 * Spans and metrics of all session stores of the process, by OpenTelemetry's conventions for databases. Copy this file
 * into your application, and call `start()` once OpenTelemetry is set up.
 */

const { subscribe, tracingChannel, unsubscribe } = require('node:diagnostics_channel');
const { context, metrics, SpanKind, SpanStatusCode, trace } = require('@opentelemetry/api');
const { CHANNELS } = require('dynamo-session-store');

/** The limits between the buckets of a duration in seconds, as the conventions advise. */
const explicitBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** The attributes of metrics. Each combination of values is a time series, so attributes of single requests are out. */
const METRIC_ATTRIBUTES = [
  'db.system.name',
  'db.collection.name',
  'db.operation.name',
  'db.response.status_code',
  'error.type',
  'server.address',
  'server.port',
];

/** The members of a message without a name in the conventions. */
const OWN = [
  'attempts',
  'requests',
  'queueTime',
  'itemBytes',
  'requestBytes',
  'responseBytes',
  'path',
];

/**
 * Starts to make spans and metrics.
 *
 * @returns {() => void} stops it
 */
function start() {
  const tracer = trace.getTracer('dynamo-session-store');
  const meter = metrics.getMeter('dynamo-session-store');
  const calls = meter.createHistogram('dynamo_session_store.call.duration', {
    description: 'Duration of the calls of session stores.',
    unit: 's',
    advice: { explicitBucketBoundaries },
  });
  const requests = meter.createHistogram('db.client.operation.duration', {
    description: 'Duration of database client operations.',
    unit: 's',
    advice: { explicitBucketBoundaries },
  });
  /** The span of each call and of each request, by its message. */
  const spans = new WeakMap();

  const startSpan = (message, parent, links = []) => {
    const name = `${message['db.operation.name']} ${message['db.collection.name']}`;
    const { startTime } = message;
    const attributes = attributesOf(message);
    const options = { kind: SpanKind.CLIENT, startTime, attributes, links };
    spans.set(message, tracer.startSpan(name, options, parent));
  };

  const end = (message, histogram) => {
    const { error, startTime, duration } = message;
    histogram.record(duration / 1000, pick(message, METRIC_ATTRIBUTES));
    const span = spans.get(message);
    // It has none if the request was in flight when this function was called.
    if (!span) return;
    span.setAttributes(attributesOf(message));
    if (error) span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    span.end(startTime + duration);
  };

  const call = {
    // The event comes in the context of the code that has made the call, so its span is the parent.
    start: (message) => startSpan(message, context.active()),
    asyncEnd: (message) => end(message, calls),
  };

  const request = {
    start(message) {
      // A batch is for several calls. A span has one parent; links lead to the others.
      const [first, ...others] = message.operations.map((operation) => spans.get(operation));
      const parent = first ? trace.setSpan(context.active(), first) : context.active();
      const links = others.filter(Boolean).map((span) => ({ context: span.spanContext() }));
      startSpan(message, parent, links);
    },
    asyncEnd: (message) => end(message, requests),
  };

  const retry = ({ context: message, attempt, 'error.type': type }) => {
    spans.get(message)?.addEvent('retry', { attempt, 'error.type': type });
  };

  tracingChannel(CHANNELS.OPERATION).subscribe(call);
  tracingChannel(CHANNELS.REQUEST).subscribe(request);
  subscribe(CHANNELS.RETRY, retry);
  return () => {
    tracingChannel(CHANNELS.OPERATION).unsubscribe(call);
    tracingChannel(CHANNELS.REQUEST).unsubscribe(request);
    unsubscribe(CHANNELS.RETRY, retry);
  };
}

/** The attributes of a span: members with a dot in their name have the names of the conventions. */
function attributesOf(message) {
  const attributes = pick(
    message,
    Object.keys(message).filter((name) => name.includes('.')),
  );
  for (const name of OWN) {
    if (message[name] !== undefined) attributes[`dynamo_session_store.${name}`] = message[name];
  }
  return attributes;
}

function pick(message, names) {
  return Object.fromEntries(
    names.filter((name) => message[name] !== undefined).map((name) => [name, message[name]]),
  );
}

module.exports = { start };

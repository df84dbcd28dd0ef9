'use strict';

/** A collector of OpenTelemetry: it receives spans and metrics by OTLP over HTTP, as JSON. */

const { once } = require('node:events');
const http = require('node:http');
const { text } = require('node:stream/consumers');

/** The kinds of spans, by their number in OTLP. */
const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

async function startCollector() {
  const bodies = [];
  /** The spans of the first bodies: of so many. */
  let known = { of: 0, spans: [] };
  const received = { '/v1/traces': [], '/v1/metrics': [] };
  const server = http.createServer(async (request, response) => {
    const body = await text(request);
    bodies.push(body);
    received[request.url].push(JSON.parse(body));
    response.setHeader('content-type', 'application/json').end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    /** For the exporters. */
    variables: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.address().port}` },

    /** All that it has received, as text. */
    payload: () => bodies.join('\n'),

    /** The spans, each with its parent and the spans that its links lead to. */
    spans() {
      if (known.of === bodies.length) return known.spans;
      const all = received['/v1/traces']
        .flatMap(({ resourceSpans }) => resourceSpans)
        .flatMap(({ scopeSpans }) => scopeSpans)
        .flatMap(({ scope, spans }) => spans.map((span) => read(span, scope)));
      const byId = new Map(all.map((span) => [span.id, span]));
      for (const span of all) {
        span.parent = byId.get(span.parentId);
        span.links = span.linked.map((id) => byId.get(id));
      }
      known = { of: bodies.length, spans: all };
      return all;
    },

    /** The data points of a histogram of the last export, with its unit. */
    histogram(name) {
      const found = received['/v1/metrics']
        .at(-1)
        .resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics)
        .flatMap(({ metrics }) => metrics)
        .find((metric) => metric.name === name);
      const points = found.histogram.dataPoints.map((point) => ({
        ...point,
        count: Number(point.count),
        attributes: attributes(point.attributes),
      }));
      return { unit: found.unit, points };
    },

    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** A span as the tests compare it. Times are in milliseconds. */
function read(span, scope) {
  const time = (nanoseconds) => Number(BigInt(nanoseconds) / 1000n) / 1000;
  return {
    id: span.spanId,
    trace: span.traceId,
    parentId: span.parentSpanId,
    name: span.name,
    scope: scope.name,
    kind: KINDS[span.kind],
    start: time(span.startTimeUnixNano),
    end: time(span.endTimeUnixNano),
    attributes: attributes(span.attributes),
    events: (span.events ?? []).map((event) => ({
      name: event.name,
      attributes: attributes(event.attributes),
    })),
    linked: (span.links ?? []).map(({ spanId }) => spanId),
    failed: span.status.code === 2,
    message: span.status.message,
  };
}

/** Attributes as an object. */
function attributes(list = []) {
  return Object.fromEntries(list.map(({ key, value }) => [key, plain(value)]));
}

function plain({ arrayValue, intValue, ...value }) {
  if (arrayValue) return arrayValue.values.map(plain);
  if (intValue !== undefined) return Number(intValue);
  return Object.values(value)[0];
}

module.exports = { startCollector };

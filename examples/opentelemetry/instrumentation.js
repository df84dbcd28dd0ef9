'use strict';

/**
 * Sets up OpenTelemetry, before the application loads: `node --require ./instrumentation.js app.js`. Spans and metrics
 * go to a collector by OTLP over HTTP: `OTEL_EXPORTER_OTLP_ENDPOINT` (http://localhost:4318), and the other variables
 * of OpenTelemetry's exporters.
 */

const { metrics } = require('@opentelemetry/api');
const { OTLPMetricExporter } = require('@opentelemetry/exporter-metrics-otlp-http');
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-http');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const { BatchSpanProcessor, NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

const tracing = new NodeTracerProvider({
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
tracing.register();
const metering = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })],
});
metrics.setGlobalMeterProvider(metering);

// The spans of pages. It patches `http`, so it comes before everything that loads `http`.
registerInstrumentations({ instrumentations: [new HttpInstrumentation()] });

// The spans of session stores, below those of the pages.
const stop = require('./session-telemetry').start();

/** Sends what has not been sent, and ends. */
async function shutdown() {
  stop();
  await Promise.allSettled([tracing.shutdown(), metering.shutdown()]);
}

module.exports = { shutdown };

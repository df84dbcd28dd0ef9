'use strict';

/**
 * Debug output: a line for each event of the channels, and the log of the addon. `NODE_DEBUG=dynamo-session-store`
 * turns it on, or `DYNAMODB_STORE_DEBUG`, the variable of koa-session-dynamodb-store. No line has a session's id, its
 * data or a credential.
 */

const { debuglog } = require('node:util');
const { subscribe, tracingChannel } = require('node:diagnostics_channel');
const { variable } = require('./aws/environment');
const { CHANNELS } = require('./channels');
const { printLog } = require('./native');

/** The name in `NODE_DEBUG`. */
const NAME = 'dynamo-session-store';

/** The level of the addon's log. */
const LEVEL = 'DYNAMO_SESSION_STORE_LOG';

const print = debuglog(NAME);

/** @param {string} line */
function write(line) {
  if (print.enabled) print('%s', line);
  else process.stderr.write(`${NAME.toUpperCase()} ${process.pid}: ${line}\n`);
}

/** Starts the output. */
function start() {
  const printLine = (
    /** @type {string} */ level,
    /** @type {string} */ source,
    /** @type {string} */ message,
  ) => write(`${level} ${source}: ${message}`);
  const level = variable(LEVEL) || 'warn';
  if (!printLog(level, printLine)) {
    write(`${LEVEL} must be "error", "warn", "info" or "debug", but is ${JSON.stringify(level)}`);
    printLog('warn', printLine);
  }
  const ended = (/** @type {(message: any) => string} */ lineOf) => ({
    asyncEnd: (/** @type {any} */ message) => write(lineOf(message)),
  });
  tracingChannel(CHANNELS.OPERATION).subscribe(/** @type {any} */ (ended(operationLine)));
  tracingChannel(CHANNELS.REQUEST).subscribe(/** @type {any} */ (ended(requestLine)));
  for (const [name, lineOf] of Object.entries(POINTS)) {
    subscribe(name, (message) => write(lineOf(message)));
  }
}

/** @param {any} call */
function operationLine(call) {
  const { outcome, duration, queueTime = 0, itemBytes, requests } = call;
  const parts = [
    `${call['db.operation.name']} in ${call['db.collection.name']}: ${outcome}`,
    milliseconds(duration),
    `${milliseconds(queueTime)} in the queue`,
    `${requests} ${requests === 1 ? 'request' : 'requests'}`,
  ];
  if (itemBytes !== undefined) parts.push(`session of ${itemBytes} bytes`);
  return parts.join(', ');
}

/** @param {any} request */
function requestLine(request) {
  const { outcome, duration, attempts, path, requestBytes, responseBytes, capacityUnits } = request;
  const items = request['db.operation.batch.size'];
  const parts = [
    `  ${request['db.operation.name']}${items ? ` of ${items}` : ''}: ${outcome}`,
    milliseconds(duration),
    `${attempts} ${attempts === 1 ? 'attempt' : 'attempts'} by ${path ?? 'none'}`,
    `${requestBytes} bytes sent, ${responseBytes} received`,
  ];
  if (capacityUnits !== undefined) parts.push(`${capacityUnits} units`);
  if (request['aws.request_id']) parts.push(`id ${request['aws.request_id']}`);
  return parts.join(', ');
}

/** The line of each point channel. @type {Record<string, (message: any) => string>} */
const POINTS = {
  [CHANNELS.RETRY]: (retry) =>
    `  ${retry['db.operation.name']}: attempt ${retry.attempt} after ${retry['error.type']}`,
  [CHANNELS.THROTTLE]: (throttled) =>
    `  ${throttled['db.operation.name']}: throttled, ${throttled['error.type']}`,
  [CHANNELS.BREAKER]: ({ state, error }) => `breaker ${state}${error ? `: ${error.message}` : ''}`,
  [CHANNELS.CREDENTIALS]: ({ source, duration, expires, error }) =>
    error
      ? `credentials: ${error.message}`
      : `credentials of ${source} after ${milliseconds(duration)}, ${
          expires ? `until ${expires.toISOString()}` : 'without an end'
        }`,
  [CHANNELS.CONNECTION]: (connection) => {
    const host = `${connection['server.address']}:${connection['server.port'] ?? 443}`;
    const { state, duration, message } = connection;
    return `connection to ${host}: ${state} after ${milliseconds(duration)}${message ? `, ${message}` : ''}`;
  },
  [CHANNELS.TABLE]: (table) => `table ${table['db.collection.name']}: ${table.state}`,
};

/** @param {number} time */
function milliseconds(time) {
  return `${time.toFixed(2)} ms`;
}

module.exports = { start };

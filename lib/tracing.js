'use strict';

/**
 * The events of a store's calls and requests, for subscribers of its channels. Loaded when somebody subscribes.
 *
 * The addon tells JavaScript of a request when the event loop is free. So each event of a request has its own times,
 * and is published in the asynchronous context of the first call that needs the request.
 */

const { AsyncLocalStorage, AsyncResource } = require('node:async_hooks');
const channels = require('./channels');
const { codeOf, toError } = require('./errors');
const { monotonicNow } = require('./timers');

/** @import { TelemetryEvent } from '../native/binding' */

/**
 * The context of the events of a call. See `OperationMessage` in `monitoring.d.ts`.
 *
 * @typedef {Record<string, any>} OperationContext
 *
 * Runs `work` in the asynchronous context of a call, by the number of this context.
 *
 * @typedef {(context: number | undefined, work: () => any) => any} RunInContext
 *
 * A request in flight.
 *
 * @typedef {object} PendingRequest
 * @property {Record<string, any>} context the context of its events
 * @property {AsyncResource} scope the asynchronous context in which its last events are published
 */

/** DynamoDB's name for a condition that does not hold. It is an answer that the store expects. */
const CONDITION_FAILED = 'ConditionalCheckFailedException';

/**
 * A host of DynamoDB with its Region: of the Region, of an account, of a VPC endpoint, with FIPS or dual-stack. Such as
 * `dynamodb.eu-west-1.amazonaws.com`.
 */
const AWS_HOST = /(?:^|\.)(?:dynamodb(?:-fips)?|ddb(?:-fips)?)\.([a-z]+(?:-[a-z]+)+-\d+)\./;

/** The call that the current asynchronous context works for. @type {AsyncLocalStorage<OperationContext>} */
const current = new AsyncLocalStorage();

class Tracing {
  /** The attributes of all events. */
  #common;
  /** The requests in flight, by their number. @type {Map<number, PendingRequest>} */
  #requests = new Map();

  /** @param {string} table the name of the table */
  constructor(table) {
    this.#common = Object.freeze({
      'db.system.name': 'aws.dynamodb',
      'db.collection.name': table,
      'aws.dynamodb.table_names': Object.freeze([table]),
    });
  }

  /**
   * Makes a call of the store, and publishes its events.
   *
   * @template T
   * @param {string} name the name of the call
   * @param {(context: OperationContext) => Promise<T>} call adds to the context
   * @returns {Promise<T>}
   */
  operation(name, call) {
    /** @type {OperationContext} */
    const context = {
      ...this.#common,
      'db.operation.name': name,
      startTime: Date.now(),
      itemBytes: undefined,
      queueTime: undefined,
      requests: 0,
      attempts: 0,
    };
    const begin = monotonicNow();
    // The context must not hold the result of the call, which may be a session.
    let result = /** @type {T} */ (undefined);
    const work = async () => {
      try {
        result = await call(context);
        context.outcome = 'ok';
      } catch (error) {
        context.outcome = codeOf(error);
        context['error.type'] = context.outcome;
        throw error;
      } finally {
        context.duration = monotonicNow() - begin;
      }
    };
    const traced = channels.operation.tracePromise(() => current.run(context, work), context);
    return traced.then(() => result);
  }

  /**
   * Publishes events of the addon.
   *
   * @param {TelemetryEvent[]} events
   * @param {RunInContext} run
   */
  publish(events, run) {
    for (const event of events) {
      try {
        this.#publish(event, run);
      } catch (error) {
        // A subscriber may have frozen a message. As text: an error of a test's sandbox is no `Error` here.
        process.emitWarning(String(error), 'DynamoDBStoreWarning');
      }
    }
  }

  /**
   * @param {TelemetryEvent} event
   * @param {RunInContext} run
   */
  #publish(event, run) {
    switch (event.kind) {
      case 'begin':
        this.#begin(event, run);
        break;
      case 'end':
        this.#end(event);
        break;
      case 'retry':
        channels.publish('retry', () => ({
          ...this.#ofRequest(event),
          attempt: event.attempts,
          'error.type': event.error,
        }));
        break;
      case 'throttle':
        channels.publish('throttle', () => ({
          ...this.#ofRequest(event),
          ...failureOf(event),
        }));
        break;
      case 'credentials':
        channels.publish('credentials', () => ({
          source: event.source,
          duration: event.took,
          expires: event.expires === undefined ? undefined : new Date(event.expires),
          ...failureOf(event),
        }));
        break;
      case 'connection':
        channels.publish('connection', () => ({
          state: event.change,
          ...address(event.host),
          'network.peer.address': event.peer,
          duration: event.took,
          message: event.error,
        }));
    }
  }

  /**
   * @param {TelemetryEvent} event
   * @param {RunInContext} run
   */
  #begin({ request, operation, items = 1, contexts = [], queued, at = 0 }, run) {
    const calls = contexts.map((context) => run(context, () => current.getStore()));
    const operations = [...new Set(calls)].filter((call) => call !== undefined);
    for (const call of operations) {
      call.requests += 1;
      // A request for the table has no queue.
      if (queued !== undefined) call.queueTime ??= Math.max(0, at - call.startTime);
    }
    /** @type {Record<string, any>} */
    const context = {
      ...this.#common,
      'db.operation.name': operation,
      ...(items > 1 && { 'db.operation.batch.size': items }),
      startTime: at,
      queueTime: queued,
      operations,
    };
    // The same order as that of `tracePromise`: start, end; later error, asyncStart, asyncEnd.
    const { start, end } = channels.request;
    const scope = run(contexts[0], () =>
      start.runStores(context, () => new AsyncResource('DYNAMODBREQUEST')),
    );
    scope.runInAsyncScope(() => end.publish(context));
    this.#requests.set(request, { context, scope });
  }

  /** @param {TelemetryEvent} event */
  #end(event) {
    const pending = this.#requests.get(event.request);
    // Unknown if somebody has subscribed in between.
    if (!pending) return;
    this.#requests.delete(event.request);
    const { context, scope } = pending;
    const { capacity } = event;
    Object.assign(context, {
      // A called client has an endpoint of its own.
      ...(event.path !== 'client' && address(event.host)),
      'aws.request_id': event.requestId,
      'http.response.status_code': event.status,
      ...(capacity !== undefined && {
        'aws.dynamodb.consumed_capacity': [
          JSON.stringify({ TableName: context['db.collection.name'], CapacityUnits: capacity }),
        ],
        capacityUnits: capacity,
      }),
      duration: event.took,
      path: event.path,
      attempts: event.attempts,
      requestBytes: event.sent,
      responseBytes: event.received,
      outcome: event.error ?? 'ok',
    });
    for (const call of context.operations) call.attempts += event.attempts;
    // The store's own codes are no answers of DynamoDB.
    if (event.error !== undefined && !event.error.startsWith('ERR_SESSION_')) {
      context['db.response.status_code'] = event.error;
    }
    // A condition that does not hold is no failure: the store asks in this way whether a session has changed.
    if (event.failure && event.error !== CONDITION_FAILED) {
      context['error.type'] = event.error;
      context.error = toError(event.failure);
    }
    const { asyncStart, asyncEnd, error } = channels.request;
    scope.runInAsyncScope(() => {
      if (context.error) error.publish(context);
      asyncStart.publish(context);
      asyncEnd.publish(context);
    });
  }

  /**
   * The attributes of the request that an event belongs to.
   *
   * @param {TelemetryEvent} event
   */
  #ofRequest({ request }) {
    const { context } = this.#requests.get(request) ?? {};
    return { ...this.#common, 'db.operation.name': context?.['db.operation.name'], context };
  }
}

/**
 * The error of an event.
 *
 * @param {TelemetryEvent} event
 */
function failureOf({ failure }) {
  return failure && { 'error.type': failure.code, error: toError(failure) };
}

/**
 * The attributes of a host with a port. The Region is known only if the host names it.
 *
 * @param {string} [host] such as `localhost:8000`
 */
function address(host) {
  if (host === undefined) return {};
  const [, name, port] = /** @type {RegExpExecArray} */ (/^(.*?)(?::(\d+))?$/.exec(host));
  const region = AWS_HOST.exec(name)?.[1];
  return {
    'server.address': name,
    ...(port && { 'server.port': Number(port) }),
    ...(region && { 'cloud.region': region }),
  };
}

module.exports = { Tracing };

'use strict';

/** The part of a store that its operations on all sessions, its indexes and its locks use. */

/** @import { EventEmitter } from 'node:events' */
/** @import { NativeStore } from '../native/binding' */
/** @import { Access } from './access' */
/** @import { DynamoDB } from './aws/dynamodb' */
/** @import { Gate } from './gate' */
/** @import { Lifecycle } from './lifecycle' */
/** @import { Settings } from './store.options' */
/** @import { Telemetry } from './telemetry' */

/**
 * @typedef {object} Host
 * @property {() => NativeStore} native
 * @property {(call: (limit: number) => Promise<any>, limit?: number) => Promise<any>} call makes a call once the table
 *   is ready
 * @property {(call: (limit: number) => Promise<any>) => Promise<any>} goOn makes a further request of a call, even
 *   if the store was closed meanwhile
 * @property {<T>(kind: string, call: () => Promise<T>) => Promise<T>} run counts a call of an application, and
 *   publishes its events
 * @property {<T>(work: Promise<T>) => Promise<T>} track makes `close` wait for work that consists of several calls
 * @property {AbortSignal} closing is aborted once the store is closed
 * @property {() => boolean} isClosed
 * @property {number} limit the milliseconds that a request for items may take
 * @property {number} tableTimeout the milliseconds that a request for the table may take
 * @property {string} table the name of the table
 * @property {string} prefix the prefix of the items' keys
 * @property {EventEmitter} events emits the events of the store
 * @property {Lifecycle} lifecycle reports deleted sessions
 * @property {boolean} moves whether sessions may move to other keys, by the option `hashIds`
 * @property {boolean} hidesIds whether the ids in the table are hashes, by the option `hashIds`
 * @property {(id: string) => string} handleOfId returns the handle of a session, by its id in the table
 * @property {readonly string[]} indexNames the names of the indexes in the option `indexes`
 */

/**
 * @param {object} store the parts of the store
 * @param {Access} store.access
 * @param {DynamoDB} store.dynamodb
 * @param {EventEmitter} store.events
 * @param {Gate} store.gate
 * @param {Lifecycle} store.lifecycle
 * @param {string} store.prefix
 * @param {Settings} store.settings
 * @param {string} store.table the name of the table
 * @param {Telemetry} store.telemetry
 * @returns {Host}
 */
function hostOf({ access, dynamodb, events, gate, lifecycle, prefix, settings, table, telemetry }) {
  const { hashIds, operationTimeout, tableTimeout, tracking } = settings;
  return {
    native: () => dynamodb.native,
    call: (call, limit = operationTimeout) => access.call(undefined, limit, call),
    goOn: (call) => access.goOn(operationTimeout, call),
    run: (kind, call) => telemetry.run(kind, call),
    track: (work) => gate.track(work),
    get closing() {
      return gate.closing;
    },
    isClosed: () => gate.isClosed,
    limit: operationTimeout,
    tableTimeout,
    table,
    prefix,
    events,
    lifecycle,
    moves: movesIds(hashIds),
    hidesIds: hashIds !== undefined,
    handleOfId: (id) => require('./handle').handleOf(prefix + id),
    indexNames: tracking?.indexes.map(({ name }) => name) ?? [],
  };
}

/**
 * Whether sessions move between keys: they are found under more than one key.
 *
 * @param {import('../native/binding').HashIdsOptions | undefined} hashIds
 */
function movesIds(hashIds) {
  return hashIds !== undefined && (hashIds.secrets.length > 1 || hashIds.plain !== 'ignore');
}

module.exports = { hostOf, movesIds };

'use strict';

/** A store's connection to DynamoDB: the store in the addon, and the user's client, if any. */

const { Calls } = require('../calls');
const { closedError, invalidArgument, resultOf } = require('../errors');
const {
  environment,
  isOnLambda,
  noteInvocation,
  usesEnvProxy,
  usesSystemCa,
} = require('./environment');

/** @import { Callbacks, ConnectionOptions, Failure, NativeStore, Outcome, TelemetryEvent } from '../../native/binding' */
/** @import { Connection, Transport } from './config' */
/** @import { Contexts } from './contexts' */
/** @import { Pending } from '../pending' */
/** @import { RunInContext } from '../tracing' */

// Loaded only with a client: most applications have none, and these files take longer to load than the rest.
const adopt = () => require('./adopt');
const calling = () => require('./call');
const make = () => require('./make');

/**
 * Opens a store in the addon: calls an open function of `native/binding` with the store's options.
 *
 * @typedef {(connection: ConnectionOptions, callbacks: Callbacks, notify: () => void) =>
 *   Outcome<NativeStore>} Open
 *
 * The functions that a store passes to its connection.
 *
 * @typedef {object} StoreHooks
 * @property {() => Promise<boolean>} ensureTable looks for a lost table, and creates it if it is missing; returns
 *   whether the table exists afterwards
 * @property {(outages: (Failure | null)[]) => void} onOutages see `outageEvents`
 * @property {(warnings: Failure[]) => void} onWarnings see `warnOnce`
 * @property {(events: TelemetryEvent[], run: RunInContext) => void} onEvents publishes the events of requests
 * @property {() => boolean} isFollowed returns whether somebody subscribes to the events of requests
 * @property {Pending} pending counts the calls
 * @property {((session: string) => (string | undefined)[]) | undefined} [indexValues] returns the values of a merged
 *   session in the store's indexes
 */

class DynamoDB {
  /** @type {Calls} */
  #calls;
  /** @type {Connection} */
  #connection;
  /** @type {any} */
  #client;
  /** @type {any} */
  #documentClient;
  /** The client's methods at the last check: a test stub may replace them. @type {[string, unknown][] | undefined} */
  #checkedMethods;
  /** The reason to call the client, by the last check of its methods. @type {string | undefined} */
  #reason;
  /** A reason to call the client that no later check changes. @type {string | undefined} */
  #finalReason;
  /** Whether the settings of the user's client, which decide about its adoption, were not read yet. */
  #isUndecided;
  /** The contexts of calls whose requests may go through a client. @type {Contexts | undefined} */
  #contexts;
  /** The client that the store has made, and destroys when it is closed. @type {any} */
  #ownClient;
  #isUsed = false;
  /** @type {() => boolean} */
  #isFollowed;
  /** Whether the addon reports events of requests, because somebody subscribes to them. */
  #isListening = false;
  #isOnLambda = false;
  #isClosed = false;
  /** @type {() => Promise<boolean>} */
  #ensureTable;
  /** @type {StoreHooks['indexValues']} */
  #indexValues;

  /**
   * @param {Open} open
   * @param {Connection} connection
   * @param {StoreHooks} store
   */
  constructor(open, connection, store) {
    const { ensureTable, onOutages, onWarnings, pending, indexValues } = store;
    this.#isFollowed = store.isFollowed;
    this.#connection = connection;
    const { client, needsSdk, transport, callbacks } = connection;
    if (transport === 'native') this.#refuseCalledClient();
    if (transport === 'client') this.#finalReason = 'the option "transport" is "client"';
    if (needsSdk) this.#finalReason = `option "${needsSdk.name}" needs a client of an AWS SDK`;
    this.#client = client;
    this.#isUndecided = client !== undefined;
    if (this.#finalReason && !client) this.#makeClient();
    this.#ensureTable = ensureTable;
    this.#indexValues = indexValues;
    const forAddon = DynamoDB.#callbacksForAddon(new WeakRef(this), callbacks);
    const settings = this.#withStoreSettings(connection.connection);
    const openWith = (/** @type {() => void} */ notify) =>
      resultOf(open(settings, forAddon, notify));
    const onEvents = (/** @type {TelemetryEvent[]} */ events) =>
      store.onEvents(events, (context, work) => this.#inContext(context, work));
    this.#calls = new Calls(openWith, this, { onOutages, onWarnings, onEvents, pending });
    if (this.#finalReason) this.#native.useClient(true);
  }

  /**
   * Makes the callbacks of the addon. The addon keeps these functions alive, so they refer to the store by WeakRef
   * only: otherwise the store would never be collected. This method is static, so that the functions cannot capture
   * `this`.
   *
   * @param {WeakRef<DynamoDB>} reference
   * @param {Callbacks} callbacks the callbacks of the connection
   * @returns {Callbacks}
   */
  static #callbacksForAddon(reference, callbacks) {
    const self = () => {
      const dynamodb = reference.deref();
      if (!dynamodb) throw closedError();
      return dynamodb;
    };
    return {
      ...callbacks,
      environment,
      connection: callbacks.connection && (async () => self().#readConnection()),
      call: async (operation, input, context) => self().#callClient(operation, input, context),
      // If this fails, the table is still missing, and the next call reports the error.
      ensureTable: async () =>
        self()
          .#ensureTable()
          .catch(() => false),
      indexValues:
        self().#indexValues &&
        (async (session) => {
          try {
            return { values: self().#indexValues?.(session) };
          } catch (error) {
            return { failure: /** @type {Error} */ (error).message };
          }
        }),
    };
  }

  /** The store in the addon. Each access chooses the transport anew, because the client may have changed. */
  get native() {
    this.#chooseTransport();
    return this.#keepsContexts ? this.#callContexts.native : this.#native;
  }

  /** The calls that each request makes. Each access chooses the transport anew. */
  get calls() {
    this.#chooseTransport();
    return this.#keepsContexts ? this.#callContexts.calls : this.#calls;
  }

  /** The store in the addon. An access chooses no transport, so it needs no environment, nor an open store. */
  get addon() {
    return this.#native;
  }

  /**
   * Refuses later calls. Once all pending calls have ended, closes the connections, and destroys the client if the
   * store has made it.
   *
   * @returns {Promise<void>} resolves when all of this is done
   */
  async close() {
    this.#isClosed = true;
    this.#native.close();
    await Promise.all([this.#calls.whenIdle(), this.#contexts?.whenIdle()]);
    this.#ownClient?.destroy?.();
    this.#ownClient = undefined;
  }

  /** The endpoint, region and table for errors, as far as they are known. */
  get place() {
    return this.#native.place();
  }

  /**
   * `native`: the addon sends the requests. `client`: they go through the client.
   *
   * @returns {Transport}
   */
  get transport() {
    if (this.#finalReason) return 'client';
    if (this.#connection.transport) return this.#connection.transport;
    const changed = this.#client && this.#clientHasChanged();
    const reason = changed ? adopt().reasonToCall(this.#client) : this.#reason;
    return reason === undefined ? 'native' : 'client';
  }

  /** The user's client. Without one, the store makes a client on first access. */
  get client() {
    if (!this.#client) {
      this.#makeClient();
      this.#checkedMethods = this.#clientMethods();
    }
    return this.#client;
  }

  /** Replaces the client. Later requests go through the new client. */
  set client(assigned) {
    const isObject = typeof assigned === 'object' && assigned !== null;
    const service = isObject && adopt().otherService(assigned);
    if (service)
      throw invalidArgument(`"client" must be a client of DynamoDB, but is a client of ${service}`);
    const client = isObject ? adopt().usableClient(assigned) : undefined;
    if (!client)
      throw invalidArgument(
        '"client" must have the methods of a DynamoDB client, such as "send" or "getItem"',
      );
    this.#client = client;
    this.#documentClient = undefined;
    this.#finalReason = 'the client was assigned in place of another';
    this.#native.useClient(true);
  }

  /** A document client around `client`. The store makes it on first access. */
  get documentClient() {
    this.#documentClient ??= make().makeDocumentClient(this.client);
    return this.#documentClient;
  }

  set documentClient(client) {
    this.#documentClient = client;
  }

  get #native() {
    return this.#calls.native;
  }

  #chooseTransport() {
    if (this.#isClosed) throw closedError();
    if (!this.#isUsed) this.#readEnvironment();
    if (this.#isOnLambda) noteInvocation();
    const isListening = this.#isFollowed();
    if (isListening !== this.#isListening) {
      this.#isListening = isListening;
      this.#native.listen(isListening);
    }
    if (!this.#client || this.#finalReason || !this.#clientHasChanged()) return;
    this.#checkedMethods = this.#clientMethods();
    this.#reason = adopt().reasonToCall(this.#client);
    this.#native.useClient(this.#reason !== undefined && this.#connection.transport !== 'native');
  }

  /** Reads the environment variables on first use of the store, as a client of the AWS SDK does. */
  #readEnvironment() {
    this.#isUsed = true;
    this.#isOnLambda = isOnLambda();
    this.#native.useVariables(environment.variables());
  }

  /** Whether the context of a call that is made now is needed: for the client, or for the events of its requests. */
  get #keepsContexts() {
    return this.#isListening || this.#mayCallClient;
  }

  /** Whether the requests of a call that is made now may go through the client. */
  get #mayCallClient() {
    if (!this.#client || this.#connection.transport === 'native') return false;
    return this.#isUndecided || (this.#finalReason ?? this.#reason) !== undefined;
  }

  get #callContexts() {
    this.#contexts ??= new (require('./contexts').Contexts)(this.#calls);
    return this.#contexts;
  }

  /**
   * Sends a request through the client, in the asynchronous context of the call that needs the request.
   *
   * @param {string} operation
   * @param {string} input
   * @param {number | undefined} context the number of the context
   */
  #callClient(operation, input, context) {
    return this.#inContext(context, () => calling().answerCall(this.#client, operation, input));
  }

  /**
   * Runs `work` in the asynchronous context of a call.
   *
   * @param {number | undefined} context the number of the context
   * @param {() => any} work
   */
  #inContext(context, work) {
    return this.#contexts ? this.#contexts.run(context, work) : work();
  }

  #makeClient() {
    const { needsSdk, sdks } = this.#connection;
    const usable = sdks.filter((sdk) => !needsSdk?.sdk || sdk === needsSdk.sdk);
    try {
      this.#ownClient = make().makeClient(this.#connection, usable);
      this.#client = this.#ownClient;
    } catch (error) {
      const { code, message } = /** @type {any} */ (error);
      if (!needsSdk || code !== 'ERR_SESSION_CLIENT') throw error;
      throw invalidArgument(`option "${needsSdk.name}" needs a client of an AWS SDK: ${message}`);
    }
  }

  /**
   * Adds the store's own options, which override the settings of a client, and the options that Node was started with.
   *
   * @param {ConnectionOptions} settings
   * @returns {ConnectionOptions}
   */
  #withStoreSettings(settings) {
    return {
      ...settings,
      maxSockets: this.#connection.maxSockets ?? settings.maxSockets,
      breaker: this.#connection.breaker,
      credentialsTimeout: this.#connection.credentialsTimeout,
      useSystemCa: usesSystemCa(),
      useEnvProxy: usesEnvProxy(),
    };
  }

  #clientHasChanged() {
    const checked = this.#checkedMethods;
    return !checked || checked.some(([name, method]) => this.#client[name] !== method);
  }

  /** Returns the client's current methods, with their names. @returns {[string, unknown][]} */
  #clientMethods() {
    return calling().CALLED_METHODS.map((name) => [name, this.#client[name]]);
  }

  /** Throws if `transport` is `native` but the client must be called. */
  #refuseCalledClient() {
    const { client, needsSdk } = this.#connection;
    const reason = needsSdk
      ? `option "${needsSdk.name}" needs a client of an AWS SDK`
      : client && adopt().reasonToCall(client);
    if (reason)
      throw invalidArgument(
        `option "transport" cannot be "native": ${reason}. Without "transport", the store calls the client`,
      );
  }

  /** Reads the settings of the client. If the addon cannot follow them, requests go through the client. */
  async #readConnection() {
    const answer = await /** @type {any} */ (this.#connection.callbacks).connection();
    this.#isUndecided = Boolean(answer.failure && !answer.throughClient);
    if (answer.connection) return { connection: this.#withStoreSettings(answer.connection) };
    if (!answer.throughClient) return answer;
    if (this.#connection.transport === 'native') return answer;
    this.#finalReason = answer.failure;
    return { throughClient: true };
  }
}

module.exports = { DynamoDB };

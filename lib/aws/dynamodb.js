'use strict';

/** A store's way to DynamoDB: the store in the addon, and the client beside it where there is one. */

const { Calls } = require('../calls');
const { closedError, invalidArgument, resultOf } = require('../errors');
const {
  environment,
  isOnLambda,
  noteInvocation,
  usesEnvProxy,
  usesSystemCa,
} = require('./environment');

/** @import { Callbacks, ConnectionOptions, Failure, NativeStore, Outcome } from '../../native/binding' */
/** @import { Connection, Transport } from './config' */
/** @import { Contexts } from './contexts' */
/** @import { Pending } from '../pending' */

// Loaded where there is a client: what most applications do not need took most of the time that
// loading this package took.
const adopt = () => require('./adopt');
const calling = () => require('./call');
const make = () => require('./make');

/**
 * Opens a store in the addon: a function of `native/binding`, with the options of the store.
 *
 * @typedef {(connection: ConnectionOptions, callbacks: Callbacks, notify: () => void) =>
 *   Outcome<NativeStore>} Open
 *
 * What a store does for its way to DynamoDB.
 *
 * @typedef {object} Store
 * @property {() => Promise<boolean>} ensureTable looks for the table after it was lost, and makes it
 *   where it is missing; whether it is there then
 * @property {(outages: (Failure | null)[]) => void} onOutages see `outageEvents`
 * @property {(warnings: Failure[]) => void} onWarnings see `warnOnce`
 * @property {Pending} pending counts the calls
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
  /** How the client was called when it was last looked at. @type {[string, unknown][] | undefined} */
  #waysIn;
  /** Why requests go through the client; `undefined` where they do not. @type {string | undefined} */
  #reason;
  /** A reason that holds whatever the client looks like. @type {string | undefined} */
  #lasting;
  /** Whether it is still to be seen if the client that was passed can be adopted. */
  #isUndecided;
  /** The contexts of calls, where requests go through a client. @type {Contexts | undefined} */
  #contexts;
  /** The client that was made here, to be destroyed here. @type {any} */
  #made;
  #isUsed = false;
  #isOnLambda = false;
  #isClosed = false;
  /** @type {() => Promise<boolean>} */
  #ensureTable;

  /**
   * @param {Open} open
   * @param {Connection} connection
   * @param {Store} store
   */
  constructor(open, connection, { ensureTable, onOutages, onWarnings, pending }) {
    this.#connection = connection;
    const { client, needsSdk, transport, callbacks } = connection;
    if (transport === 'native') this.#refuseClientsToCall();
    if (transport === 'client') this.#lasting = 'the option "transport" is "client"';
    if (needsSdk) this.#lasting = `option "${needsSdk.name}" needs a client of an AWS SDK`;
    this.#client = client;
    this.#isUndecided = client !== undefined;
    if (this.#lasting && !client) this.#make();
    this.#ensureTable = ensureTable;
    const asked = DynamoDB.#askedBack(new WeakRef(this), callbacks);
    const settings = this.#complete(connection.connection);
    const openWith = (/** @type {() => void} */ notify) => resultOf(open(settings, asked, notify));
    this.#calls = new Calls(openWith, this, { onOutages, onWarnings, pending });
    if (this.#lasting) this.#native.useClient(true);
  }

  /**
   * What the addon asks JavaScript for. The addon holds these functions for as long as there is the
   * store, which they must not hold in turn: it would never be collected. That is why they are made
   * where they can see nothing else of it.
   *
   * @param {WeakRef<DynamoDB>} reference
   * @param {Callbacks} callbacks those of the connection
   * @returns {Callbacks}
   */
  static #askedBack(reference, callbacks) {
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
      // Where that fails, the table is missing as it was: whoever calls next is told why.
      ensureTable: async () =>
        self()
          .#ensureTable()
          .catch(() => false),
    };
  }

  /** The store in the addon; what is called on it goes the way that is right at this moment. */
  get native() {
    this.#chooseWay();
    return this.#mayCallClient ? this.#keeping.native : this.#native;
  }

  /** The same for the calls that are made with every request. */
  get calls() {
    this.#chooseWay();
    return this.#mayCallClient ? this.#keeping.calls : this.#calls;
  }

  /**
   * Lets no call in any more. Lets go of everything once the calls have ended that were made before,
   * except of a client that was passed.
   *
   * @returns {Promise<void>} resolves after that
   */
  async close() {
    this.#isClosed = true;
    this.#native.close();
    await Promise.all([this.#calls.whenIdle(), this.#contexts?.whenIdle()]);
    this.#made?.destroy?.();
    this.#made = undefined;
  }

  /** Where requests go, as errors say it, as far as that is known by now. */
  get place() {
    return this.#native.place();
  }

  /**
   * The way that requests go.
   *
   * @returns {Transport}
   */
  get transport() {
    if (this.#lasting) return 'client';
    if (this.#connection.transport) return this.#connection.transport;
    const changed = this.#client && this.#hasChanged();
    const reason = changed ? adopt().reasonToCall(this.#client) : this.#reason;
    return reason === undefined ? 'native' : 'client';
  }

  /** The client that was passed, or one that is made when it is first asked for. */
  get client() {
    if (!this.#client) {
      this.#make();
      this.#waysIn = this.#lookAtClient();
    }
    return this.#client;
  }

  /** Puts another in its place, through which requests go from then on. */
  set client(given) {
    const isObject = typeof given === 'object' && given !== null;
    const service = isObject && adopt().otherService(given);
    if (service)
      throw invalidArgument(`"client" must be a client of DynamoDB, but is a client of ${service}`);
    const client = isObject ? adopt().usableClient(given) : undefined;
    if (!client)
      throw invalidArgument(
        '"client" must have the methods of a DynamoDB client, such as "send" or "getItem"',
      );
    this.#client = client;
    this.#documentClient = undefined;
    this.#lasting = 'the client was assigned in place of another';
    this.#native.useClient(true);
  }

  /** A document client around `client`, made when it is first asked for. */
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

  #chooseWay() {
    if (this.#isClosed) throw closedError();
    if (!this.#isUsed) this.#begin();
    if (this.#isOnLambda) noteInvocation();
    if (!this.#client || this.#lasting || !this.#hasChanged()) return;
    this.#waysIn = this.#lookAtClient();
    this.#reason = adopt().reasonToCall(this.#client);
    this.#native.useClient(this.#reason !== undefined && this.#connection.transport !== 'native');
  }

  /** The environment counts as it is when the store is first used, as with a client of the AWS SDK. */
  #begin() {
    this.#isUsed = true;
    this.#isOnLambda = isOnLambda();
    this.#native.useVariables(environment.variables());
  }

  /** Whether the requests of a call that is made now may go through a client. */
  get #mayCallClient() {
    if (!this.#client || this.#connection.transport === 'native') return false;
    return this.#isUndecided || (this.#lasting ?? this.#reason) !== undefined;
  }

  /** What makes calls in the contexts of their callers. */
  get #keeping() {
    this.#contexts ??= new (require('./contexts').Contexts)(this.#calls);
    return this.#contexts;
  }

  /**
   * A request of a call goes through the client, in the context in which the call was made.
   *
   * @param {string} operation
   * @param {string} input
   * @param {number | undefined} context its number
   */
  #callClient(operation, input, context) {
    const call = () => calling().answerCall(this.#client, operation, input);
    return this.#contexts ? this.#contexts.run(context, call) : call();
  }

  #make() {
    const { needsSdk, sdks } = this.#connection;
    const usable = sdks.filter((sdk) => !needsSdk?.sdk || sdk === needsSdk.sdk);
    try {
      this.#made = make().makeClient(this.#connection, usable);
      this.#client = this.#made;
    } catch (error) {
      const { code, message } = /** @type {any} */ (error);
      if (!needsSdk || code !== 'ERR_SESSION_CLIENT') throw error;
      throw invalidArgument(`option "${needsSdk.name}" needs a client of an AWS SDK: ${message}`);
    }
  }

  /**
   * The settings with what comes before those of a client: the store's own bound on connections, and
   * what Node was started with.
   *
   * @param {ConnectionOptions} settings
   * @returns {ConnectionOptions}
   */
  #complete(settings) {
    return {
      ...settings,
      maxSockets: this.#connection.maxSockets ?? settings.maxSockets,
      breaker: this.#connection.breaker,
      credentialsTimeout: this.#connection.credentialsTimeout,
      useSystemCa: usesSystemCa(),
      useEnvProxy: usesEnvProxy(),
    };
  }

  #hasChanged() {
    const known = this.#waysIn;
    return !known || known.some(([name, way]) => this.#client[name] !== way);
  }

  /** How the client is called. @returns {[string, unknown][]} */
  #lookAtClient() {
    return calling().WAYS_IN.map((name) => [name, this.#client[name]]);
  }

  #refuseClientsToCall() {
    const { client, needsSdk } = this.#connection;
    const reason = needsSdk
      ? `option "${needsSdk.name}" needs a client of an AWS SDK`
      : client && adopt().reasonToCall(client);
    if (reason)
      throw invalidArgument(
        `option "transport" cannot be "native": ${reason}. Without "transport", the store calls the client`,
      );
  }

  /** The settings of the client, which may show that it has to be called after all. */
  async #readConnection() {
    const answer = await /** @type {any} */ (this.#connection.callbacks).connection();
    this.#isUndecided = Boolean(answer.failure && !answer.throughClient);
    if (answer.connection) return { connection: this.#complete(answer.connection) };
    if (!answer.throughClient) return answer;
    if (this.#connection.transport === 'native') return answer;
    this.#lasting = answer.failure;
    return { throughClient: true };
  }
}

module.exports = { DynamoDB };

'use strict';

/**
 * The table as koa-session-dynamodb-store has it. Unlike the other stores, it gives a table that exists the
 * settings of the options too: capacity units, and time to live. If the table has its time to live on another
 * attribute, the store writes the end of sessions to that.
 */

const { meansMissing } = require('./table');

/** @import { readOptions } from './koa.options' */
/** @import { SessionStore } from './store' */

/** The pauses before a change of time to live is tried again, in milliseconds: first, longest. */
const PAUSES = /** @type {const} */ ([60_000, 3_600_000]);

/** What DynamoDB answers while the time to live of a table must not change. */
const PASSING = new Set([
  'ValidationException',
  'ResourceInUseException',
  'LimitExceededException',
]);

class KoaTable {
  /** The attribute that the end of a session is written to. */
  ttlKey;
  #sessions;
  #settings;
  #store;
  /** @type {(() => void) | undefined} */
  #stopRetrying;

  /**
   * @param {SessionStore} sessions
   * @param {ReturnType<typeof readOptions>} settings
   * @param {{ createTable(): unknown, setTtlField(): unknown }} store has the public methods, which
   *   applications override
   */
  constructor(sessions, settings, store) {
    this.#sessions = sessions;
    this.#settings = settings;
    this.#store = store;
    this.ttlKey = settings.native.ttlKey;
  }

  /** Creates the table if it is missing, else gives it the settings of the options. */
  prepare() {
    return this.#table.prepare({
      describe: () => this.#table.describe(),
      create: async () => {
        await this.#store.createTable();
        // Without waiting for it: the table can be used already.
        this.#followTimeToLive();
      },
      setUp: async () => {
        await this.#followTimeToLive();
        await this.setCapacity().catch((error) => this.#warn('keeps its capacity', error));
      },
    });
  }

  /** Gives a provisioned table the capacity units of the options; whether it had others. */
  setCapacity() {
    const { read, write } = this.#settings.capacity;
    return this.#table.setCapacity(read, write);
  }

  /** Turns the time to live on `ttlKey` on or off, as `useTtlExpired` says. */
  setTimeToLive() {
    return this.#table.setTimeToLive(this.ttlKey, this.#settings.useTtlExpired);
  }

  /** The table as aws-sdk v2 describes it; `null` if it does not exist. */
  async description() {
    try {
      const { onDemand, readCapacityUnits, writeCapacityUnits } = await this.#table.describe();
      const { status, attribute } = await this.#table.timeToLive();
      return {
        describeTable: {
          Table: {
            TableName: this.#settings.native.name,
            TableStatus: 'ACTIVE',
            BillingModeSummary: { BillingMode: onDemand ? 'PAY_PER_REQUEST' : 'PROVISIONED' },
            ProvisionedThroughput: {
              ReadCapacityUnits: readCapacityUnits,
              WriteCapacityUnits: writeCapacityUnits,
            },
          },
        },
        describeTimeToLive: {
          TimeToLiveDescription: {
            TimeToLiveStatus: status,
            ...(attribute && { AttributeName: attribute }),
          },
        },
      };
    } catch (error) {
      if (meansMissing(error)) return null;
      throw error;
    }
  }

  /** Gives up changing the time to live. */
  stop() {
    this.#stopRetrying?.();
  }

  get #table() {
    return this.#sessions.table;
  }

  /**
   * Finds the attribute that the table has its time to live on, and has it changed if it is not as wanted,
   * without waiting for that. Does not fail: a table works without.
   */
  async #followTimeToLive() {
    try {
      if (await this.#isToChange()) this.#changeTimeToLive(0);
    } catch (error) {
      this.#warn('has a time to live that cannot be read', error);
    }
  }

  async #isToChange() {
    const { native, useTtlExpired } = this.#settings;
    const plan = await this.#table.planTimeToLive(native.ttlKey, useTtlExpired);
    this.ttlKey = plan.attribute;
    this.#sessions.writeExpiresTo(plan.attribute);
    return typeof plan.change === 'boolean';
  }

  /** @param {number} tries how often it was tried before */
  async #changeTimeToLive(tries) {
    try {
      await this.#store.setTtlField();
      return;
    } catch (error) {
      // Another process may have been faster.
      if (this.#sessions.isClosed || !(await this.#isToChange().catch(() => true))) return;
      this.#warn('keeps its time to live as it is', error);
      const { retryable, code } = /** @type {import('./errors').SessionStoreError} */ (error);
      if (this.#sessions.isClosed || !(retryable || PASSING.has(code))) return;
    }
    const [first, longest] = PAUSES;
    const pause = Math.min(first * 2 ** tries, longest);
    // The timers of this moment, as with `reapInterval`: a test may move its clock to the next try.
    const { clearTimeout, setTimeout } = globalThis;
    const timer = setTimeout(() => this.#changeTimeToLive(tries + 1), pause);
    // A number in jsdom.
    timer.unref?.();
    this.#stopRetrying = () => clearTimeout(timer);
  }

  /**
   * @param {string} lack
   * @param {unknown} cause
   */
  #warn(lack, cause) {
    if (!this.#sessions.isClosed) this.#table.warn(lack, cause);
  }
}

module.exports = { KoaTable };

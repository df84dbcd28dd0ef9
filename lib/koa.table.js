'use strict';

/**
 * The table methods of koa-session-dynamodb-store. Unlike the other stores, this store also changes a table that
 * existed before: its capacity units and its time to live. If the table has its time to live on another attribute
 * than `ttlKey`, the store writes the end of sessions to that attribute.
 */

const { isTableMissing } = require('./table');

/** @import { readOptions } from './koa.options' */
/** @import { SessionStore } from './store' */

/** The first and the longest pause before another attempt to change the time to live, in milliseconds. */
const PAUSES = /** @type {const} */ ([60_000, 3_600_000]);

/** The errors of DynamoDB while the time to live of a table must not be changed. */
const TRANSIENT_ERRORS = new Set([
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
   * @param {{ createTable(): unknown, setTtlField(): unknown }} store its public methods are called, because
   *   applications override them
   */
  constructor(sessions, settings, store) {
    this.#sessions = sessions;
    this.#settings = settings;
    this.#store = store;
    this.ttlKey = settings.native.ttlKey;
  }

  /** Creates the table if it is missing. Otherwise applies the options to the table. */
  prepare() {
    return this.#table.prepare({
      describe: () => this.#table.describe(),
      create: async () => {
        await this.#store.createTable();
        // Not awaited: the table can be used already.
        this.#followTimeToLive();
      },
      setUp: async () => {
        await this.#followTimeToLive();
        await this.setCapacity().catch((error) => this.#warn('keeps its capacity', error));
      },
    });
  }

  /** Sets the capacity units of a provisioned table. Returns whether the table had others before. */
  setCapacity() {
    const { read, write } = this.#settings.capacity;
    return this.#table.setCapacity(read, write);
  }

  /** Turns the time to live on `ttlKey` on or off, by `useTtlExpired`. */
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
      if (isTableMissing(error)) return null;
      throw error;
    }
  }

  /** Stops the attempts to change the time to live. */
  stop() {
    this.#stopRetrying?.();
  }

  get #table() {
    return this.#sessions.table;
  }

  /**
   * Reads the attribute of the table's time to live. If the time to live differs from the options, starts to
   * change it in the background. An error is only a `warning`, because the table works without time to live.
   */
  async #followTimeToLive() {
    try {
      if (await this.#needsChange()) this.#changeTimeToLive(0);
    } catch (error) {
      this.#warn('has a time to live that cannot be read', error);
    }
  }

  async #needsChange() {
    const { native, useTtlExpired } = this.#settings;
    const plan = await this.#table.planTimeToLive(native.ttlKey, useTtlExpired);
    this.ttlKey = plan.attribute;
    this.#sessions.writeExpiresTo(plan.attribute);
    return typeof plan.change === 'boolean';
  }

  /** @param {number} tries the number of failed attempts before this one */
  async #changeTimeToLive(tries) {
    try {
      await this.#store.setTtlField();
      return;
    } catch (error) {
      // Another process may have changed it meanwhile.
      if (this.#sessions.isClosed || !(await this.#needsChange().catch(() => true))) return;
      this.#warn('keeps its time to live as it is', error);
      const { retryable, code } = /** @type {import('./errors').SessionStoreError} */ (error);
      if (this.#sessions.isClosed || !(retryable || TRANSIENT_ERRORS.has(code))) return;
    }
    const [first, longest] = PAUSES;
    const pause = Math.min(first * 2 ** tries, longest);
    // The current globals, as with `reapInterval`, so that a test's fake clock can reach the next attempt.
    const { clearTimeout, setTimeout } = globalThis;
    const timer = setTimeout(() => this.#changeTimeToLive(tries + 1), pause);
    // In jsdom a timer is a number.
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

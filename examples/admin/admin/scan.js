'use strict';

/**
 * Scans of the table, at a pace, with a count of what they have cost; and listings of sessions, page by page. Memory
 * holds some pages, never the table.
 */

const { AsyncLocalStorage } = require('node:async_hooks');
const { randomBytes } = require('node:crypto');

/** The scan that the current code asks for a page: the event `progress` does not say which call it is about. */
const asking = new AsyncLocalStorage();

class MeteredScan {
  /** The capacity units so far. A page counts once it was read to its end. */
  units = 0;
  /** The items that DynamoDB has read. */
  read = 0;
  /** Whether the whole table was read. */
  isWhole = false;
  #store;
  #sessions;
  #note;
  #stopping = new AbortController();

  /**
   * @param {import('dynamo-session-store').DynamoDBStore} store
   * @param {number} unitsPerSecond
   */
  constructor(store, unitsPerSecond) {
    this.#store = store;
    this.#note = ({ read, capacity, segments, segmentsDone }) => {
      if (asking.getStore() !== this) return;
      this.read = read;
      this.isWhole = segmentsDone === segments;
      // If a client leaves the units out, the pace counts an item for one.
      this.units = capacity ?? read;
      this.onPage();
    };
    // Before the call: the store asks for the units only if somebody listens.
    store.on('progress', this.#note);
    const signal = this.#stopping.signal;
    this.#sessions = store.sessions({ capacityPerSecond: unitsPerSecond, signal });
  }

  /** Is called after each page of the table. */
  onPage() {}

  /** The next session; `undefined` after the last, and after `stop`. */
  async next() {
    try {
      const { value } = await asking.run(this, () => this.#sessions.next());
      if (value === undefined) this.stop();
      return value;
    } catch (error) {
      const isStopped = this.#stopping.signal.aborted;
      this.stop();
      if (isStopped) return undefined;
      throw error;
    }
  }

  /** Reads no further page. */
  stop() {
    this.#store.off('progress', this.#note);
    this.#stopping.abort();
  }
}

/** The sessions of a page, and the time after which a listing that nobody looks at ends. */
const PAGE = 25;
const IDLE = 2 * 60_000;

/** The pages to which the browser can go back, and the listings at a time. */
const KEPT_PAGES = 10;
const MOST_LISTINGS = 5;

class Listing {
  id = randomBytes(12).toString('base64url');
  owner;
  #scan;
  /** The last pages, by number. @type {Map<number, { rows: object[], isLast: boolean }>} */
  #pages = new Map();
  #last = 0;
  /** The session after the last page. */
  #ahead;
  /** One page after the other. @type {Promise<unknown>} */
  #turn = Promise.resolve();
  #timer;
  #end;

  /**
   * @param {string} owner the name of the session that may see the listing
   * @param {MeteredScan} scan
   * @param {(session: any) => object} toRow
   * @param {() => void} end is called if nobody has looked at the listing for a while, and after an error
   */
  constructor(owner, scan, toRow, end) {
    this.owner = owner;
    this.#scan = scan;
    this.toRow = toRow;
    this.#end = end;
    this.#timer = setTimeout(end, IDLE).unref();
  }

  /**
   * A page: one of the last pages, or the next.
   *
   * @param {number} number
   * @returns {Promise<any>} `undefined` if there is no such page any more
   */
  page(number) {
    this.#timer.refresh();
    const page = this.#turn.then(() => this.#page(number));
    this.#turn = page.catch(this.#end);
    return page;
  }

  async #page(number) {
    if (number === this.#last + 1 && !this.#pages.get(this.#last)?.isLast) await this.#readPage();
    const page = this.#pages.get(number);
    if (!page) return undefined;
    return { ...page, id: this.id, number, units: this.#scan.units, read: this.#scan.read };
  }

  async #readPage() {
    const rows = [];
    let session = this.#ahead ?? (await this.#scan.next());
    while (session !== undefined) {
      if (rows.length === PAGE) break;
      rows.push(this.toRow(session));
      session = await this.#scan.next();
    }
    this.#ahead = session;
    this.#last += 1;
    this.#pages.set(this.#last, { rows, isLast: session === undefined });
    this.#pages.delete(this.#last - KEPT_PAGES);
  }

  end() {
    clearTimeout(this.#timer);
    this.#scan.stop();
  }
}

class Listings {
  /** The listings, the oldest first. @type {Map<string, Listing>} */
  #all = new Map();

  /**
   * Begins a listing.
   *
   * @param {string} owner
   * @param {MeteredScan} scan
   * @param {(session: any) => object} toRow
   */
  open(owner, scan, toRow) {
    const listing = new Listing(owner, scan, toRow, () => this.#end(listing));
    this.#all.set(listing.id, listing);
    if (this.#all.size > MOST_LISTINGS) this.#end(this.#all.values().next().value);
    return listing;
  }

  /**
   * A listing that this owner has begun.
   *
   * @param {string} owner
   * @param {string} id
   */
  find(owner, id) {
    const listing = this.#all.get(id);
    return listing?.owner === owner ? listing : undefined;
  }

  #end(listing) {
    this.#all.delete(listing.id);
    listing.end();
  }
}

module.exports = { Listings, MeteredScan };

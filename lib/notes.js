'use strict';

/**
 * Notes on objects: for example, an adapter notes on a `ctx` what the request knows of its session. Only the owner
 * of the notes can read them. A note is collected together with its object.
 */

/**
 * @template T
 * @typedef {object} Notes
 * @property {(object: object) => T | undefined} of returns the note on an object
 * @property {(object: object, note: T) => void} put notes something on an object, in place of an earlier note
 * @property {(object: object) => void} remove
 */

/** The constructor returns its argument, so that a subclass can put a private field on any object. */
class ReturnOverride {
  /** @param {object} object */
  constructor(object) {
    // biome-ignore lint/correctness/noConstructorReturn: the object gets the private field of the subclass
    return object;
  }
}

/**
 * Makes notes for one owner. A note is a private field, because each request pays for it: a private field costs a
 * fifth of an entry in a WeakMap.
 *
 * @template T
 * @returns {Notes<T>}
 */
function newNotes() {
  return class Note extends ReturnOverride {
    /** @type {T | undefined} */
    #note;

    /**
     * @param {object} object
     * @param {T} note
     */
    constructor(object, note) {
      super(object);
      this.#note = note;
    }

    /** @param {any} object */
    static of(object) {
      return #note in object ? object.#note : undefined;
    }

    /**
     * @param {any} object
     * @param {T} note
     */
    static put(object, note) {
      if (#note in object) object.#note = note;
      else new Note(object, note);
    }

    /** @param {any} object */
    static remove(object) {
      if (#note in object) object.#note = undefined;
    }
  };
}

module.exports = { newNotes };

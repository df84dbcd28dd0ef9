'use strict';

/**
 * Notes on objects, such as what a request knows of its session. Only the owner of the notes can see them,
 * and a note ends with its object.
 */

/**
 * @template T
 * @typedef {object} Notes
 * @property {(object: object) => T | undefined} of the note on an object
 * @property {(object: object, note: T) => void} put replaces the note that the object had
 * @property {(object: object) => void} remove
 */

/** Returns the object that it is given, so that a subclass can put a private field on it. */
class ReturnOverride {
  /** @param {object} object */
  constructor(object) {
    // biome-ignore lint/correctness/noConstructorReturn: the object gets the private field of the subclass
    return object;
  }
}

/**
 * Makes notes that no other owner sees. A private field costs a fifth of an entry in a WeakMap, with every
 * request.
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

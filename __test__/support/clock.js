'use strict';

/**
 * A clock that a test moves. `Date.now()`, which the frameworks and the stores use, gives its time.
 * Timers and `new Date()` keep the real time.
 *
 * @param {number} [start] milliseconds since the Unix epoch, a whole second
 */
function newClock(start = Date.UTC(2030, 0, 1, 12)) {
  let now = start;
  let tick = 0;
  beforeEach(() => {
    now = start;
    tick = 0;
    jest.spyOn(Date, 'now').mockImplementation(() => {
      now += tick;
      return now;
    });
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });
  return {
    start,
    get now() {
      return now;
    },
    /** @param {number} time milliseconds since the Unix epoch */
    set(time) {
      now = time;
    },
    /** Has a millisecond pass with each look at the clock. */
    tick() {
      tick = 1;
    },
    /** @param {number} milliseconds */
    advance(milliseconds) {
      now += milliseconds;
    },
  };
}

module.exports = { newClock };

'use strict';

/**
 * The timers that calls need, taken when this package is loaded: a test that puts fake timers in
 * their place stops no call with that.
 */

const { clearTimeout, setImmediate, setInterval, setTimeout } = require('node:timers');

const nextTick = process.nextTick.bind(process);

module.exports = { clearTimeout, nextTick, setImmediate, setInterval, setTimeout };

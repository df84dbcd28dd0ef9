'use strict';

/** The diagnosis of a store and its permissions, for the command `dynamo-session-store`. */

const { diagnose } = require('./diagnose');
const { CHECKS } = require('./finding');

module.exports = {
  CHECKS,
  diagnose,
  // Loaded where they are called: without the addon, `diagnose` still reports the problem.
  get formatPolicy() {
    return require('./formats').formatPolicy;
  },
  get leastPolicy() {
    return require('./policy').leastPolicy;
  },
  get permissions() {
    return require('./permissions').permissions;
  },
};

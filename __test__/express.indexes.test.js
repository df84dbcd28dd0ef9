'use strict';

/** The option `indexes` with express-session. */

const { describeIndexes } = require('./support/indexes');
const { expressSubject } = require('./support/race-subjects');

describeIndexes(expressSubject());

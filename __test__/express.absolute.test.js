'use strict';

/** The option `absoluteTtl` with express-session. */

const { describeAbsoluteEnd } = require('./support/absolute');
const { expressSubject } = require('./support/race-subjects');

describeAbsoluteEnd(expressSubject());

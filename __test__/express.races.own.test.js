'use strict';

/** What a request saves more than once: express-session. */

const { expressSubject } = require('./support/race-subjects');
const { describeSaves } = require('./support/saves');

describeSaves(expressSubject, 'express');

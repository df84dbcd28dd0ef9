'use strict';

/** Requests that use one session at the same time: through clients, and on dynalite. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const { v2, v3 } = require('./support/clients');
const { dynamoConfig } = require('./support/dynamodb');
const { newDynalite } = require('./support/dynalite');
const { describeRaces } = require('./support/races');
const { expressSubject } = require('./support/race-subjects');

/** A subject on which fewer orders are played. */
const few = (subject) => ({ ...subject, isSlow: true });

describe.each([
  ['aws-sdk v3', v3],
  ['aws-sdk v2', v2],
])('through a client of %s', (_sdk, newClient) => {
  describeRaces(few(expressSubject(() => ({ client: newClient(), transport: 'client' }))));
});

const dynalite = newDynalite();
beforeAll(() => dynalite.start());
afterAll(() => dynalite.stop());

const config = () => ({ ...dynamoConfig(), endpoint: dynalite.endpoint });

describe('on dynalite', () => {
  describeRaces(few(expressSubject(() => ({ dynamoConfig: config() }))), dynalite);
});

describe('on dynalite, through a client of aws-sdk v3', () => {
  const connection = () => ({ client: v3({ endpoint: dynalite.endpoint }), transport: 'client' });
  describeRaces(few(expressSubject(connection)), dynalite);
});

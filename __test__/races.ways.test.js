'use strict';

/**
 * Requests that use one session at the same time: through clients, and on dynalite. A way to DynamoDB carries requests
 * and answers; it knows neither frameworks nor the order of their requests. So Express plays on every way, with fewer
 * orders. Koa plays on one: there, what differs is the item in the answer to a refused write.
 */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const Koa = require('koa');
const koaSession = require('koa-session');
const { v2, v3 } = require('./support/clients');
const { dynamoConfig } = require('./support/dynamodb');
const { newDynalite } = require('./support/dynalite');
const { describeRaces } = require('./support/races');
const { expressSubject, koaSubject } = require('./support/race-subjects');

/** A subject on which fewer orders are played. */
const few = (subject) => ({ ...subject, isSlow: true });

describe.each([
  ['aws-sdk v3', v3],
  ['aws-sdk v2', v2],
])('Express through a client of %s', (_sdk, newClient) => {
  describeRaces(few(expressSubject(() => ({ client: newClient(), transport: 'client' }))));
});

describe('Koa through a client of aws-sdk v3', () => {
  const connection = () => ({ client: v3(), transport: 'client' });
  describeRaces(few(koaSubject(Koa, koaSession, connection)));
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

'use strict';

/**
 * Requests that use one session at the same time, with marks beside the session: saves are updates then. On
 * dynalite, whose refusals do not have the stored item.
 */

const { dynamoConfig } = require('./support/dynamodb');
const { newDynalite } = require('./support/dynalite');
const { expressSubject } = require('./support/race-subjects');
const { describeRaces } = require('./support/races');

const dynalite = newDynalite();
beforeAll(() => dynalite.start());
afterAll(() => dynalite.stop());

const marks = {
  absoluteTtl: 86_400_000,
  indexes: { user: { value: ({ user }) => user, label: () => 'a device' } },
};

/** A subject with marks, on which fewer orders are played. */
function tracked(connection) {
  const subject = expressSubject(connection);
  const newStore = (table, options) => subject.newStore(table, { ...marks, ...options });
  return { ...subject, newStore, isSlow: true };
}

describe('on dynalite', () => {
  const config = () => ({ ...dynamoConfig(), endpoint: dynalite.endpoint });
  describeRaces(
    tracked(() => ({ dynamoConfig: config() })),
    dynalite,
  );
});

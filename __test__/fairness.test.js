'use strict';

/**
 * A rare kind of operation does not wait for company: it reaches DynamoDB when the requests are
 * answered that were in flight when it was asked for, whatever is asked for after it.
 */

const { setImmediate: turn } = require('node:timers/promises');
const { DynamoDBStore } = require('..');
const { startHeld } = require('./support/held-dynamodb');
const { native } = require('./support/order');

/** The operations of DynamoDB's that each kind is, alone and in a batch. */
const OPERATIONS = {
  get: ['GetItem', 'BatchGetItem'],
  set: ['PutItem', 'BatchWriteItem'],
  touch: ['UpdateItem'],
  destroy: ['DeleteItem', 'BatchWriteItem'],
};

const RARE = 'the rare one';

let dynamodb;
let store;
let lastSid;
/** What was asked for, ends when it does. */
let outcomes;

beforeEach(async () => {
  dynamodb = await startHeld();
  lastSid = 0;
  outcomes = [];
});
afterEach(async () => {
  dynamodb.open();
  await Promise.allSettled(outcomes);
  await store.close();
  await dynamodb.stop();
});

function openStore(options) {
  store = new DynamoDBStore({ ...native(dynamodb.endpoint), initialized: true, ...options });
}

/** @returns {Promise<any>} the outcome */
function ask(kind, sid) {
  const session = { cookie: { maxAge: 60_000 } };
  const outcome = kind === 'set' || kind === 'touch' ? store[kind](sid, session) : store[kind](sid);
  outcomes.push(outcome);
  return outcome;
}

/** Asks for operations of the frequent kind, each on a session of its own. */
function askMany(kind, count) {
  for (let asked = 0; asked < count; asked += 1) {
    lastSid += 1;
    ask(kind, `sid${lastSid}`);
  }
}

/** Whether a request of the rare kind has arrived, for the session it was asked for. */
const isRare = (kind) => (request) =>
  OPERATIONS[kind].includes(request.operation) && request.keys.includes(`sess:${RARE}`);

/**
 * Asks for the rare operation, has others asked for after it, and answers what was in flight
 * before: it has to arrive.
 *
 * @param {string} kind
 * @param {() => void | Promise<void>} askOthers
 */
async function expectNext(kind, askOthers) {
  const before = [...dynamodb.held];
  const outcome = ask(kind, RARE);
  await askOthers();
  dynamodb.release(before);
  const arrived = dynamodb.until(() => dynamodb.held.some(isRare(kind)));
  // Its answer is held back: an outcome can only be a failure.
  await Promise.race([arrived, outcome]);
}

describe.each([
  ['set', 'get'],
  ['get', 'set'],
  ['touch', 'get'],
  ['destroy', 'get'],
  ['get', 'touch'],
])('a %s among many of %s', (rare, frequent) => {
  describe.each([
    ['with batches', {}, 1000],
    // Each is a request of its own here, which takes the stub its time.
    ['without batches', { batch: false }, 200],
  ])('%s', (_how, options, flood) => {
    /** Has a hundred operations in flight, and none that waits. */
    async function fill() {
      openStore(options);
      for (let round = 1; round <= 5; round += 1) {
        askMany(frequent, 20);
        await dynamodb.until(() => dynamodb.counts.items === 20 * round);
      }
    }

    test('that are asked for at the same time', async () => {
      await fill();
      await expectNext(rare, () => askMany(frequent, flood));
    });

    test('that are asked for all the time', async () => {
      await fill();
      await expectNext(rare, async () => {
        for (let turns = 0; turns < 40; turns += 1) {
          askMany(frequent, flood / 40);
          await turn();
        }
      });
    });

    test('of which some wait already, and few come after', async () => {
      await fill();
      askMany(frequent, 3);
      await expectNext(rare, () => askMany(frequent, 3));
    });

    test('of which none comes after', async () => {
      await fill();
      await expectNext(rare, () => {});
    });

    test('with no connection left: the first that is free is for it', async () => {
      openStore({ maxSockets: 8, ...options });
      for (let asked = 1; asked <= 8; asked += 1) {
        askMany(frequent, 1);
        await dynamodb.holding(asked);
      }
      const [first] = dynamodb.held;
      const outcome = ask(rare, RARE);
      askMany(frequent, flood);
      dynamodb.release([first]);
      await Promise.race([dynamodb.holding(8), outcome]);
      expect(isRare(rare)(dynamodb.held.at(-1))).toBe(true);
      dynamodb.open();
      await Promise.all(outcomes);
      expect(dynamodb.counts.mostRequests).toBe(8);
    });
  });
});

test('operations of every kind are sent in the order in which they were asked for', async () => {
  openStore({ maxSockets: 4, batch: false });
  const kinds = ['touch', 'get', 'set', 'destroy', 'get', 'touch', 'destroy', 'set'];
  for (let asked = 1; asked <= 4; asked += 1) {
    askMany('get', 1);
    await dynamodb.holding(asked);
  }
  const before = dynamodb.calls.length;
  const asked = Array.from({ length: 40 }, (_, index) => kinds[index % kinds.length]);
  for (const kind of asked) askMany(kind, 1);
  for (let sent = 1; sent <= asked.length; sent += 1) {
    dynamodb.release(dynamodb.held.slice(0, 1));
    await dynamodb.until(() => dynamodb.calls.length === before + sent);
  }
  const sent = dynamodb.calls.slice(before).map(({ operation }) => operation);
  expect(sent).toEqual(asked.map((kind) => OPERATIONS[kind][0]));
});

'use strict';

/**
 * A process that fakes all timers of Node with `@sinonjs/fake-timers`, as users of Mocha do, and then
 * uses a store. It prints what the store has read.
 *
 * Usage: faked-process.js <subject> <moment>, `before` or `after` the package is loaded
 */

const fakeTimers = require('@sinonjs/fake-timers');
const { dynamoConfig, newTableName } = require('./dynamodb');
const { subjects } = require('./fake-timers');

const [, , subject, moment] = process.argv;
const { load, open, use } = subjects[subject];

async function main() {
  if (moment === 'after') load();
  // All that there is, `nextTick` and `queueMicrotask` too.
  const clock = fakeTimers.install();
  const store = open(load(), newTableName(), { dynamoConfig: dynamoConfig() });
  const read = await use(store);
  await store.close();
  clock.uninstall();
  process.stdout.write(String(read));
}

main();

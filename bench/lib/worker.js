'use strict';

/**
 * One store, in a process of its own: measures what its argument says, and sends the numbers to the
 * process that started it.
 */

const { subjects } = require('../subjects');

const { file, subject: name, task } = JSON.parse(process.argv[2]);

/** @param {{ result?: unknown, failed?: string }} report */
function send(report) {
  // A store may leave something open that would keep the process.
  process.send?.(report, () => process.exit(0));
}

async function work() {
  const subject = subjects.find((each) => each.name === name);
  return require(file).work(subject, task);
}

work().then(
  (result) => send({ result }),
  (error) => send({ failed: String(error?.stack) }),
);

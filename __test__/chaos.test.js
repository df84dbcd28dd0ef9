'use strict';

const { Chaos } = require('../chaos/chaos');

/** Milliseconds: rounds take seconds, unless the machine is busy. */
const LIMIT = 300_000;

/** A run of rounds with the same decisions in every test run. */
async function problemsOf(weathers, options) {
  const endpoint = /** @type {string} */ (process.env.DYNAMODB_ENDPOINT);
  const chaos = new Chaos({ seed: 'npm test', dynamodb: { endpoint }, ...options });
  try {
    await chaos.start();
    for (const [index, weather] of weathers.entries()) await chaos.round(index, weather);
  } finally {
    await chaos.stop();
  }
  return chaos;
}

test(
  'several processes, all faults: each session is linearizable',
  async () => {
    const { problems, totals } = await problemsOf(['storm', 'torn'], {
      operations: 20,
      threads: 1,
    });
    expect(problems).toEqual([]);
    expect(totals.histories).toBeGreaterThan(0);
  },
  LIMIT,
);

test(
  'the options for secrets and users: each session is linearizable',
  async () => {
    const { problems, totals } = await problemsOf(['storm'], {
      operations: 20,
      threads: 1,
      guarded: true,
    });
    expect(problems).toEqual([]);
    expect(totals.histories).toBeGreaterThan(0);
  },
  LIMIT,
);

test(
  'a store that loses acknowledged writes is found out',
  async () => {
    const { problems } = await problemsOf(['calm'], { operations: 30, threads: 1, dropEvery: 5 });
    expect(problems.join('\n')).toContain('is not linearizable');
  },
  LIMIT,
);

'use strict';

/**
 * `outage`: what visitors see of an outage. They use sessions while DynamoDB Local is killed and started
 * again, in memory, so that the table is lost as well.
 */

const { performance } = require('node:perf_hooks');
const { setTimeout: sleep } = require('node:timers/promises');
const { startOwn } = require('../../scripts/dynamodb-local');
const { timed } = require('../lib/calls');
const { optionsText, whole } = require('../report/tables');
const { openStore } = require('../subjects');

/** Milliseconds between two calls of a visitor, on average. */
const PAUSE = 1000;

/** Milliseconds before the outage and after its end. */
const CALM = 3000;

/** @type {import('../types').Mode} */
const outage = {
  name: 'outage',
  alone: true,
  options: { rounds: 1, visitors: 1000, seconds: 10 },
  runs: () => [{ options: {} }, { options: { breaker: false } }],
  async measure(_bench, subject, { options }, { visitors, seconds }) {
    const server = await startOwn();
    const place = { endpoint: server.endpoint, table: 'sessions' };
    // The store has to create its table, also after the outage.
    const { store, close } = await openStore(subject, place, { initialized: false, ...options });
    await store.initialize();
    /** @type {number | undefined} */
    let opened;
    store.once('unavailable', () => {
      opened = performance.now();
    });
    let isOver = false;
    /** @type {{ began: number, took: number, ended: number, code?: string }[]} */
    const calls = [];
    // Every visitor reads and writes a session until the run is over.
    const visit = async (/** @type {string} */ sid) => {
      for (let number = 0; !isOver; number += 1) {
        await sleep(PAUSE * 2 * Math.random());
        const began = performance.now();
        const call = () => (number % 4 === 3 ? store.set(sid, { number }) : store.get(sid));
        const { time, code } = await timed(call);
        calls.push({ began, took: time, ended: began + time, code });
      }
    };
    const all = Array.from({ length: visitors }, (_, index) => visit(`visitor-${index}`));
    await sleep(CALM);
    const killed = performance.now();
    await server.stop();
    await sleep(seconds * 1000);
    await server.restart();
    const back = performance.now();
    await sleep(CALM);
    isOver = true;
    await Promise.all(all);
    await close();
    await server.stop();

    const during = calls.filter(({ began }) => began >= killed && began < back);
    const known = during.filter(({ began }) => opened !== undefined && began >= opened);
    const late = calls.filter(({ ended }) => ended > back);
    const longest = (/** @type {typeof calls} */ some) =>
      some.length === 0 ? null : Math.max(...some.map(({ took }) => took));
    const succeeded = late.filter(({ code }) => !code).map(({ ended }) => ended - back);
    const failed = late.filter(({ code }) => code).map(({ ended }) => ended - back);
    return {
      calls: calls.length,
      during: during.length,
      slow: during.filter(({ took }) => took > 1000).length,
      longest: longest(during),
      opened: opened === undefined ? null : opened - killed,
      longestKnown: longest(known),
      // DynamoDB Local counts as back when it answers somebody else.
      success: Math.min(...succeeded),
      failure: Math.max(0, ...failed),
      codes: [...new Set(calls.flatMap(({ code }) => code ?? []))].join(', '),
    };
  },
  tables: (rows, { visitors, seconds }) => [
    {
      title: `${whole(visitors)} visitors, DynamoDB Local down for ${seconds} s`,
      rows,
      columns: [
        { head: 'options', of: ({ options }) => optionsText(options) },
        { head: 'calls', of: 'calls', format: whole },
        { head: 'during the outage', of: 'during', format: whole },
        { head: 'over 1 s', of: 'slow', format: whole },
        { head: 'longest, ms', of: 'longest', format: whole },
        { head: 'breaker opened after, ms', of: 'opened', format: whole },
        { head: 'longest after that, ms', of: 'longestKnown', format: whole },
        { head: 'first success after its return, ms', of: 'success', format: whole },
        { head: 'last failure after its return, ms', of: 'failure', format: whole },
        { head: 'failed with', of: 'codes' },
      ],
    },
  ],
};

module.exports = { outage };

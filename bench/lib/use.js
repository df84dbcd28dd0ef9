'use strict';

const { performance } = require('node:perf_hooks');

/**
 * Measures what this process takes from now on.
 *
 * @returns {() => { loop: number, cpu: number }} what it has taken since, in microseconds: `loop` is how
 *   long the event loop was busy, `cpu` the CPU time of all threads
 */
function startMeasuring() {
  const loop = performance.eventLoopUtilization();
  const cpu = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    const { active } = performance.eventLoopUtilization(loop);
    return { loop: active * 1000, cpu: user + system };
  };
}

module.exports = { startMeasuring };

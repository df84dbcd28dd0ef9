'use strict';

/** What a process takes, and figures of many values. */

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

/**
 * The value below which a share of the values is; `null` without values.
 *
 * @param {Iterable<number>} values
 * @param {number} share from 0 to 1
 */
function percentile(values, share) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null;
}

/** @param {readonly number[]} values at least one */
function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
}

/**
 * How much `y` grows with `x`: the slope of the straight line that fits best.
 *
 * @param {readonly { x: number, y: number }[]} points
 */
function slope(points) {
  const mean = (/** @type {'x' | 'y'} */ axis) =>
    points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [x, y] = [mean('x'), mean('y')];
  const spread = points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  return points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) / spread;
}

module.exports = { median, percentile, slope, startMeasuring };

'use strict';

/**
 * @param {readonly number[]} values at least one
 */
function median(values) {
  const sorted = Float64Array.from(values).sort();
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * The medians of what was measured in several rounds; nothing where nothing was.
 *
 * @template {string} K
 * @param {readonly Record<K, number | null>[]} rows
 * @param {readonly K[]} names
 * @returns {Record<K, number | null> | undefined}
 */
function medians(rows, names) {
  if (rows.length === 0) return undefined;
  const entries = names.map((name) => {
    const values = rows.map((row) => row[name]).filter((value) => value !== null);
    return [name, values.length > 0 ? median(values) : null];
  });
  return Object.fromEntries(entries);
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

/**
 * @param {Float64Array} sorted
 * @param {number} share
 */
function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

module.exports = { median, medians, percentile, slope };

'use strict';

/**
 * The charts: the page of an app, on a linear scale; and calls in loops, on a logarithmic one, as the
 * stores are too far apart for any other.
 */

const { BASELINE, subjects } = require('../subjects');
const { VISITORS, appSummaries } = require('./app-report');
const { summaries } = require('./report');

/** @import { Results } from './bench' */

const WIDTH = 830;
const LABELS = 312;
const VALUES = 70;
const BAR = 18;
const STEP = 26;
const MARGIN = 20;
const HEADING = 62;
/** Above the bars: the panel's title and the scale. */
const PANEL_HEAD = 52;
const PANEL_GAP = 26;

/** Grey enough to be read on white and on black. */
const TEXT = '#7d8590';
const GRID = '#7d859040';
const OURS = '#2f81f7';
const THEIRS = '#8d96a0';

/** How far apart the lines of a linear scale are, at least, in pixels. */
const LINES = 60;

/** @type {{ title: string, metric: 'opsPerSecond' | 'loop', operation: string }[]} */
const PANELS = [
  {
    title: 'get: operations per second (higher is better)',
    metric: 'opsPerSecond',
    operation: 'get',
  },
  {
    title: 'set: operations per second (higher is better)',
    metric: 'opsPerSecond',
    operation: 'set',
  },
  {
    title: 'get: event-loop time per operation in µs (lower is better)',
    metric: 'loop',
    operation: 'get',
  },
  {
    title: 'set: event-loop time per operation in µs (lower is better)',
    metric: 'loop',
    operation: 'set',
  },
];

/**
 * @typedef {{ label: string, ours: boolean, value: number }} Bar
 *
 * @typedef {object} Scale
 * @property {(value: number) => number} x where a value is, in pixels from the left
 * @property {number[]} lines the values that have a line
 */

/** @typedef {{ title: string, bars: Bar[], scaleOf: typeof linear }} Panel */

/**
 * The page of an app alone.
 *
 * @param {Results} results
 * @returns {string | undefined} SVG; nothing where it was not measured
 */
function drawPage(results) {
  const bars = pageBars(results);
  if (bars.length === 0) return undefined;
  const title = 'event-loop time in µs (lower is better)';
  const what = `An Express page for ${VISITORS} logged-in visitors`;
  return draw(results, what, [{ title, bars, scaleOf: linear }]);
}

/**
 * Calls in loops.
 *
 * @param {Results} results
 * @returns {string | undefined} SVG; nothing where they were not measured
 */
function drawLoops(results) {
  const { inFlight } = results.options;
  const all = summaries(results, 'canned');
  const panels = PANELS.map((panel) => ({
    title: `${panel.title}; ${inFlight} in flight, logarithmic scale`,
    bars: barsOf(all, panel),
    scaleOf: logarithmic,
  })).filter(({ bars }) => bars.length > 0);
  if (panels.length === 0) return undefined;
  return draw(results, 'Sessions of 1 KB, on a server that answers at once', panels);
}

/**
 * @param {Pick<Results, 'machine' | 'addon'>} results
 * @param {string} what the heading
 * @param {Panel[]} panels
 */
function draw({ machine, addon }, what, panels) {
  const parts = [];
  let top = HEADING;
  for (const { title, bars, scaleOf } of panels) {
    parts.push(drawPanel(title, bars, scaleOf, top));
    top += PANEL_HEAD + bars.length * STEP + PANEL_GAP;
  }
  const { cpu, cores, node, date } = machine;
  const where = `${cpu}, ${cores} cores, Node ${node}, ${date}`;
  const debug = addon.debug ? ' (DEBUG BUILD)' : '';
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}"`,
    ` height="${top}" role="img" font-family="system-ui, sans-serif" font-size="14" fill="${TEXT}">`,
    `<title>Session stores compared with ${BASELINE}</title>`,
    text(MARGIN, 28, what + debug, 'font-size="18" font-weight="600"'),
    text(MARGIN, 48, where, 'font-size="13"'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/**
 * @param {Results} results
 * @returns {Bar[]}
 */
function pageBars(results) {
  return appSummaries(results, VISITORS).flatMap(({ subject, values }) => {
    const found = subjects.find(({ name }) => name === subject);
    if (!found?.chart || found.framework !== 'express') return [];
    return [{ label: found.label, ours: found.ours, value: values.loop }];
  });
}

/**
 * @param {import('./report').Summary[]} all
 * @param {(typeof PANELS)[number]} panel
 * @returns {Bar[]}
 */
function barsOf(all, { metric, operation }) {
  return subjects.flatMap(({ name, label, ours, chart }) => {
    const found = all.find((each) => each.subject === name && each.operation === operation);
    if (!chart || !found) return [];
    return [{ label, ours, value: found.values[metric] }];
  });
}

/**
 * From 0, with lines at round values.
 *
 * @param {readonly number[]} values
 * @param {number} left
 * @param {number} width
 * @returns {Scale}
 */
function linear(values, left, width) {
  const highest = Math.max(...values);
  const least = (highest * LINES) / width;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= least) ?? least;
  const lines = Array.from({ length: Math.floor(highest / step) + 1 }, (_, index) => index * step);
  return { x: (value) => left + (value / highest) * width, lines };
}

/**
 * From a power of ten below all values, so that the shortest bar is still one.
 *
 * @param {readonly number[]} values
 * @param {number} left
 * @param {number} width
 * @returns {Scale}
 */
function logarithmic(values, left, width) {
  const first = Math.floor(Math.log10(Math.min(...values) * 0.8));
  const last = Math.ceil(Math.log10(Math.max(...values)));
  const lines = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
  const x = (/** @type {number} */ value) =>
    left + ((Math.log10(value) - first) * width) / (last - first);
  return { x, lines };
}

/**
 * @param {string} title
 * @param {Bar[]} bars
 * @param {typeof linear} scaleOf
 * @param {number} top
 */
function drawPanel(title, bars, scaleOf, top) {
  const left = MARGIN + LABELS;
  const values = bars.map(({ value }) => value);
  const { x, lines } = scaleOf(values, left, WIDTH - left - VALUES - MARGIN);
  const under = top + PANEL_HEAD;
  const bottom = under + bars.length * STEP;
  const parts = [text(MARGIN, top + 20, title, 'font-size="16" font-weight="600"')];
  for (const line of lines) {
    const at = round(x(line));
    parts.push(
      `<path d="M${at} ${under - 4}V${bottom}" stroke="${GRID}"/>`,
      text(at, under - 10, number(line), 'text-anchor="middle" font-size="12"'),
    );
  }
  bars.forEach((bar, index) => {
    parts.push(...drawBar(bar, { left, top: under + index * STEP, right: x(bar.value) }));
  });
  return parts.join('\n');
}

/**
 * @param {Bar} bar
 * @param {{ left: number, top: number, right: number }} box
 */
function drawBar({ label, ours, value }, { left, top, right }) {
  const weight = ours ? ' font-weight="600"' : '';
  const [width, color] = [round(right - left), ours ? OURS : THEIRS];
  const middle = top + BAR - 4;
  return [
    text(left - 8, middle, label, `text-anchor="end"${weight}`),
    `<rect x="${left}" y="${top}" width="${width}" height="${BAR}" rx="2" fill="${color}"/>`,
    text(round(right) + 6, middle, number(value), weight.trim()),
  ];
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {string} attributes
 */
function text(x, y, content, attributes) {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}"${attributes && ` ${attributes}`}>${escaped}</text>`;
}

/** @param {number} value */
function number(value) {
  return value < 10 ? String(round(value)) : Math.round(value).toLocaleString('en-US');
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

module.exports = { drawLoops, drawPage };

'use strict';

/**
 * The charts: the page of an app, on a linear scale; and calls in loops, on a logarithmic one, as the
 * stores are too far apart for any other.
 */

const { VISITORS, pageRows } = require('../modes/app');
const { cannedRows } = require('../modes/loops');
const { BASELINE, isOurs, subjectOf } = require('../subjects');

/** @import { Results, Row } from '../types' */

/** In pixels. `LINES`: how far apart the lines of a linear scale are, at least. */
const [WIDTH, LABELS, VALUES, MARGIN, HEADING, LINES] = [830, 312, 70, 20, 62, 60];
const [BAR, STEP, PANEL_HEAD, PANEL_GAP] = [18, 26, 52, 26];
const LEFT = MARGIN + LABELS;
const SPACE = WIDTH - LEFT - VALUES - MARGIN;

/** Grey enough to be read on white and on black. */
const [TEXT, GRID, OURS, THEIRS] = ['#7d8590', '#7d859040', '#2f81f7', '#8d96a0'];

/**
 * @typedef {{ label: string, ours: boolean, value: number }} Bar
 *
 * @typedef {{ title: string, bars: Bar[], scaleOf: typeof linear }} Panel
 */

/**
 * The page of an app alone.
 *
 * @param {Results} results
 * @returns {string | undefined} SVG; `undefined` if it was not measured
 */
function drawPage(results) {
  const rows = pageRows(results.rows, VISITORS);
  const express = rows.filter(({ subject }) => subjectOf(subject)?.framework === 'express');
  const title = 'event-loop time in µs (lower is better)';
  const what = `An Express page for ${VISITORS} logged-in visitors`;
  return draw(results, what, [{ title, bars: barsOf(express, 'loop'), scaleOf: linear }]);
}

/**
 * Calls in loops.
 *
 * @param {Results} results
 * @returns {string | undefined} SVG; `undefined` if they were not measured
 */
function drawLoops(results) {
  const metrics = {
    opsPerSecond: 'operations per second (higher is better)',
    loop: 'event-loop time per operation in µs (lower is better)',
  };
  const panels = Object.entries(metrics).flatMap(([metric, what]) =>
    ['get', 'set'].map((operation) => {
      const rows = cannedRows(results.rows).filter((row) => row.operation === operation);
      const title = `${operation}: ${what}; ${results.options.inFlight} in flight, logarithmic scale`;
      return { title, bars: barsOf(rows, metric), scaleOf: logarithmic };
    }),
  );
  return draw(results, 'Sessions of 1 KB, on a server that answers at once', panels);
}

/**
 * @param {Row[]} rows
 * @param {string} metric
 * @returns {Bar[]}
 */
function barsOf(rows, metric) {
  return rows.flatMap((row) => {
    const subject = subjectOf(row.subject);
    if (!subject?.chart) return [];
    return [{ label: subject.label, ours: isOurs(subject.name), value: row[metric] }];
  });
}

/**
 * @param {Pick<Results, 'machine' | 'addon'>} results
 * @param {string} what the heading
 * @param {Panel[]} panels
 */
function draw({ machine, addon }, what, panels) {
  const drawn = panels.filter(({ bars }) => bars.length > 0);
  if (drawn.length === 0) return undefined;
  const parts = [];
  let top = HEADING;
  for (const panel of drawn) {
    parts.push(...drawPanel(panel, top));
    top += PANEL_HEAD + panel.bars.length * STEP + PANEL_GAP;
  }
  const { cpu, cores, node, date } = machine;
  const heading = `${what}${addon.debug ? ' (DEBUG BUILD)' : ''}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}"`,
    ` height="${top}" role="img" font-family="system-ui, sans-serif" font-size="14" fill="${TEXT}">`,
    `<title>Session stores compared with ${BASELINE}</title>`,
    text(MARGIN, 28, heading, 'font-size="18" font-weight="600"'),
    text(MARGIN, 48, `${cpu}, ${cores} cores, Node ${node}, ${date}`, 'font-size="13"'),
    ...parts,
    '</svg>\n',
  ].join('\n');
}

/**
 * @param {Panel} panel
 * @param {number} top
 */
function drawPanel({ title, bars, scaleOf }, top) {
  const { x, lines } = scaleOf(bars.map(({ value }) => value));
  const under = top + PANEL_HEAD;
  const bottom = under + bars.length * STEP;
  const grid = lines.flatMap((line) => [
    `<path d="M${x(line)} ${under - 4}V${bottom}" stroke="${GRID}"/>`,
    text(x(line), under - 10, number(line), 'text-anchor="middle" font-size="12"'),
  ]);
  const drawn = bars.flatMap(({ label, ours, value }, index) => {
    const y = under + index * STEP;
    const [weight, color] = ours ? ['font-weight="600"', OURS] : ['', THEIRS];
    const size = `width="${round(x(value) - LEFT)}" height="${BAR}"`;
    return [
      text(LEFT - 8, y + BAR - 4, label, `text-anchor="end" ${weight}`),
      `<rect x="${LEFT}" y="${y}" ${size} rx="2" fill="${color}"/>`,
      text(round(x(value) + 6), y + BAR - 4, number(value), weight),
    ];
  });
  return [text(MARGIN, top + 20, title, 'font-size="16" font-weight="600"'), ...grid, ...drawn];
}

/**
 * From 0, with lines at round values.
 *
 * @param {readonly number[]} values
 * @returns {{ x: (value: number) => number, lines: number[] }} `x`: where a value is, in pixels from the
 *   left; `lines`: the values that have a line
 */
function linear(values) {
  const highest = Math.max(...values);
  const least = (highest * LINES) / SPACE;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= least) ?? least;
  const lines = Array.from({ length: Math.floor(highest / step) + 1 }, (_, index) => index * step);
  return { x: (value) => round(LEFT + (value / highest) * SPACE), lines };
}

/**
 * From a power of ten below all values, so that the shortest bar is still one.
 *
 * @param {readonly number[]} values
 * @returns {ReturnType<typeof linear>}
 */
function logarithmic(values) {
  const first = Math.floor(Math.log10(Math.min(...values) * 0.8));
  const last = Math.ceil(Math.log10(Math.max(...values)));
  const lines = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
  const share = (/** @type {number} */ value) => (Math.log10(value) - first) / (last - first);
  return { x: (value) => round(LEFT + share(value) * SPACE), lines };
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {string} attributes
 */
function text(x, y, content, attributes) {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" ${attributes}>${escaped}</text>`;
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

'use strict';

/** The overview: live figures, which `public/live.js` keeps up to date, and the totals of the process. */

const { html } = require('./html');
const { page } = require('./frame');
const { number, time } = require('./words');

/** The figures of the tiles: title, place in the figures, unit, and the mark of a figure that should be 0. */
const TILES = [
  ['Operations', 'perSecond.operations', 'a second'],
  ['p50', 'milliseconds.p50', 'ms'],
  ['p99', 'milliseconds.p99', 'ms'],
  ['Read units', 'perSecond.units.read', 'a second'],
  ['Write units', 'perSecond.units.write', 'a second'],
  ['Errors', 'perSecond.errors', 'a second', true],
  ['Throttles', 'perSecond.throttles', 'a second', true],
  ['Retries', 'perSecond.retries', 'a second', true],
  ['Connections', 'stats.connections', 'open'],
  ['Pending', 'stats.pending', 'calls'],
];

/** @param {{ base: string, token: string }} frame @param {any} now the figures */
function overview(frame, now) {
  const { base } = frame;
  const { stats } = now;
  const tiles = TILES.map(
    ([title, place, unit, isBad]) => html`
  <div class="tile" ${isBad && html`data-bad`}>
    <span>${title}</span>
    <b data-figure="${place}">–</b>
    <small>${unit}</small>
  </div>`,
  );
  const content = html`
<p id="state" class="state" data-state="${stats.available ? 'available' : 'unavailable'}" role="status">
  <b>${stats.available ? 'DynamoDB is available' : 'DynamoDB is not available'}</b>
  <span id="stream">Waiting for figures …</span>
</p>
<section class="tiles">${tiles}</section>
<section class="charts">
  ${chart('operations', 'Operations a second', ['operations'])}
  ${chart('latency', 'Latency in milliseconds', ['p50', 'p99'])}
</section>
<h2>Since ${time(stats.since)}</h2>
<section class="columns">
  ${table('operations', ['Operation', 'Succeeded', 'Failed'], rowsOf(stats.operations, ['succeeded', 'failed']))}
  ${table('requests', ['Request', 'Sent', 'Failed'], rowsOf(stats.requests, ['requests', 'failed']))}
  ${table('totals', ['Total', ''], totalsOf(stats))}
</section>
<p class="hint">All figures are those of this process.</p>`;
  const head = html`<script src="${base}/assets/live.js" data-url="${base}/figures" defer></script>`;
  return page(frame, '/', 'Overview', content, head);
}

/** @param {string} id @param {string} title @param {string[]} lines */
function chart(id, title, lines) {
  return html`
<figure id="${id}-chart">
  <figcaption>${title} <span class="most"></span>
    ${lines.length > 1 && lines.map((line) => html`<i class="key ${line}">${line}</i>`)}
  </figcaption>
  <svg viewBox="0 0 600 120" preserveAspectRatio="none" role="img" aria-label="${title}, the last minute">
    <path class="grid" d="M0 30H600M0 60H600M0 90H600"/>
    ${lines.map((line) => html`<polyline class="${line}" points=""/>`)}
  </svg>
</figure>`;
}

/** @param {string} id @param {string[]} heads @param {unknown[][]} rows */
function table(id, heads, rows) {
  return html`
<div class="scroll"><table id="${id}">
  <thead><tr>${heads.map((head) => html`<th>${head}</th>`)}</tr></thead>
  <tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell}</td>`)}</tr>`)}</tbody>
</table></div>`;
}

/** @param {Record<string, any>} counters @param {string[]} names */
function rowsOf(counters, names) {
  return Object.entries(counters).map(([kind, each]) => [
    kind,
    ...names.map((name) => number(each[name])),
  ]);
}

/** @param {any} stats The same rows as in `public/live.js`. */
function totalsOf({ attempts, retries, throttled, leftOut, merged, capacity }) {
  return [
    ['Attempts', number(attempts)],
    ['Retries', number(retries)],
    ['Throttled', number(throttled)],
    ['Writes left out', number(leftOut)],
    ['Merged', number(merged)],
    ['Read units', number(capacity.read)],
    ['Write units', number(capacity.write)],
  ];
}

module.exports = { overview };

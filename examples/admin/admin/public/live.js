'use strict';

/** Keeps the figures of the overview up to date. */

const MINUTE = 60;
const WIDTH = 600;
const HEIGHT = 120;

const decimal = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });
const number = (value) => (typeof value === 'number' ? decimal.format(value) : '–');
const valueAt = (figures, place) =>
  place.split('.').reduce((value, key) => value?.[key] ?? undefined, figures);

const stream = document.getElementById('stream');

/** The figures of the last minute. */
let minute = [];

function showTiles(figures) {
  for (const shown of document.querySelectorAll('[data-figure]')) {
    const value = valueAt(figures, shown.dataset.figure);
    shown.textContent = number(value);
    const tile = shown.closest('[data-bad]');
    tile?.classList.toggle('is-bad', value > 0);
  }
}

function showState(available) {
  const state = document.getElementById('state');
  state.dataset.state = available ? 'available' : 'unavailable';
  const text = available ? 'DynamoDB is available' : 'DynamoDB is not available';
  const title = state.querySelector('b');
  if (title.textContent !== text) title.textContent = text;
}

/** Draws lines of a chart, by the class of each. */
function draw(id, lines, unit) {
  const chart = document.getElementById(id);
  const most = Math.max(1, ...Object.values(lines).flat().map(Number));
  for (const [name, values] of Object.entries(lines)) {
    const first = MINUTE - values.length;
    const points = values.flatMap((value, index) => {
      if (value === null) return [];
      const x = ((first + index) * WIDTH) / (MINUTE - 1);
      const y = HEIGHT - 2 - (value / most) * (HEIGHT - 6);
      return [`${x.toFixed(1)},${y.toFixed(1)}`];
    });
    chart.querySelector(`polyline.${name}`).setAttribute('points', points.join(' '));
  }
  chart.querySelector('.most').textContent = `up to ${number(most)} ${unit}`;
}

function showCharts() {
  draw('operations-chart', { operations: minute.map((each) => each.perSecond.operations) }, '');
  const latency = (name) => minute.map((each) => each.milliseconds[name]);
  draw('latency-chart', { p50: latency('p50'), p99: latency('p99') }, 'ms');
}

function fill(id, rows) {
  const body = document.querySelector(`#${id} tbody`);
  body.replaceChildren(
    ...rows.map((cells) => {
      const row = document.createElement('tr');
      for (const cell of cells) row.insertCell().textContent = cell;
      return row;
    }),
  );
}

/** The same rows as in `views/overview.js`. */
function showTotals({ operations, requests, capacity, ...stats }) {
  const rows = (counters, names) =>
    Object.entries(counters).map(([kind, each]) => [
      kind,
      ...names.map((name) => number(each[name])),
    ]);
  fill('operations', rows(operations, ['succeeded', 'failed']));
  fill('requests', rows(requests, ['requests', 'failed']));
  const totals = [
    ['Attempts', stats.attempts],
    ['Retries', stats.retries],
    ['Throttled', stats.throttled],
    ['Writes left out', stats.leftOut],
    ['Merged', stats.merged],
    ['Read units', capacity.read],
    ['Write units', capacity.write],
  ];
  fill(
    'totals',
    totals.map(([name, value]) => [name, number(value)]),
  );
}

function show(figures) {
  stream.textContent = 'Live';
  showTiles(figures);
  showState(figures.stats.available);
  showTotals(figures.stats);
  showCharts();
}

const source = new EventSource(document.currentScript.dataset.url);

source.addEventListener('history', ({ data }) => {
  minute = JSON.parse(data);
});

source.addEventListener('second', ({ data }) => {
  const figures = JSON.parse(data);
  minute = [...minute, figures].slice(-MINUTE);
  show(figures);
});

/** The state between two seconds: at the beginning of the stream, and when an outage begins or ends. */
source.addEventListener('state', ({ data }) => show(JSON.parse(data)));

source.addEventListener('error', () => {
  // A closed source is one that was refused: the login has ended.
  const isClosed = source.readyState === EventSource.CLOSED;
  stream.textContent = isClosed ? 'The login has ended. Reload the page.' : 'Connecting …';
});

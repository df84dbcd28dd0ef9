'use strict';

/** The page of sizes and ages. */

const { page, tokenField } = require('./frame');
const { html } = require('./html');
const { bytes, number, span } = require('./words');

/**
 * @param {{ base: string, token: string }} frame
 * @param {{ bounds: number[], isBusy?: boolean, taken?: any }} state `taken`: the result of a sample
 */
function sizes(frame, { bounds, isBusy = false, taken }) {
  const options = bounds.map((bound) => html`<option value="${bound}">${bound}</option>`);
  const content = html`
<form method="post" class="row" action="${frame.base}/sizes">
  ${tokenField(frame.token)}
  <label>Capacity units at most <select name="units">${options}</select></label>
  <button class="primary">Take a sample</button>
  <span class="hint">Takes some seconds.</span>
</form>
${isBusy && html`<p class="problem" role="alert">A sample is being taken. Try again in some seconds.</p>`}
${taken && result(taken)}`;
  return page(frame, '/sizes', 'Sizes', content);
}

/** @param {any} taken */
function result({ sizes: bySize, ages, isWhole, units, bound, read }) {
  const part = isWhole ? 'the whole table' : 'a part of the table';
  return html`
<p id="sample">${number(bySize.count)} sessions, ${part}: ${number(read)} items, ${number(units)} of ${bound} capacity
units. The mean is ${bytes(bySize.mean)}, the largest session has ${bytes(bySize.largest)}.</p>
<section class="charts">
  ${histogram('Sizes as JSON', bySize, bytes)}
  ${histogram('Ages', ages, span)}
</section>
<p class="hint">A write costs one unit for each KB of the item, and a strongly consistent read one for each 4 KB.</p>`;
}

/**
 * @param {string} title
 * @param {any} histogram
 * @param {(value: number) => string} toText
 */
function histogram(title, { bars, count }, toText) {
  const most = Math.max(1, ...bars.map((bar) => bar.count));
  const rows = bars.map(({ upTo, count: number }, index) => {
    const isRest = upTo === Number.POSITIVE_INFINITY;
    const name = isRest ? `over ${toText(bars[index - 1].upTo)}` : `to ${toText(upTo)}`;
    const share = count === 0 ? 0 : Math.round((100 * number) / count);
    return html`
<tr>
  <th scope="row">${name}</th>
  <td class="bar"><svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
    <rect width="${((100 * number) / most).toFixed(1)}" height="1"/></svg></td>
  <td class="number">${number}</td><td class="number">${share} %</td>
</tr>`;
  });
  return html`<figure><figcaption>${title}</figcaption><table class="histogram">${rows}</table></figure>`;
}

module.exports = { sizes };

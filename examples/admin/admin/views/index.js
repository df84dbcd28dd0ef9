'use strict';

/** The pages, as HTML. */

const { failed, login, page, refused, tokenField } = require('./frame');
const { html } = require('./html');
const { overview } = require('./overview');
const { sizes } = require('./sizes');
const { bytes, number, time } = require('./words');

/**
 * A page of the list of all sessions.
 *
 * @param {{ base: string, token: string }} frame
 * @param {any} shown of `Listing`
 */
function sessions(frame, { id, number: at, rows, isLast, units, read }) {
  const { base } = frame;
  const to = (page) => `${base}/sessions?list=${id}&page=${page}`;
  const content = html`
<div class="scroll"><table>
  <thead><tr>
    <th>User</th><th>Device</th><th>Created</th><th>Last seen</th><th>Ends</th>
    <th class="number">Size</th><th>Handle</th>
  </tr></thead>
  <tbody>${rows.map((row) => sessionRow(base, row))}</tbody>
</table></div>
${rows.length === 0 && html`<p class="hint">No sessions.</p>`}
<nav class="pages">
  ${at > 1 && html`<a href="${to(at - 1)}">Back</a>`}
  <span>Page ${at}</span>
  ${!isLast && html`<a href="${to(at + 1)}" rel="next">Next</a>`}
  <a href="${base}/sessions">Begin again</a>
</nav>
<p class="hint">The list reads the table as you go on: ${number(read)} items and ${number(units)} capacity units so
far, of the pages of the table that were shown to their end. The order is DynamoDB's own.</p>`;
  return page(frame, '/sessions', 'Sessions', content);
}

/** @param {string} base @param {any} row */
function sessionRow(base, { handle, user, label, createdAt, lastSeen, expires, size }) {
  const name =
    user === undefined
      ? html`<span class="none">nobody</span>`
      : html`<a href="${base}/user?id=${encodeURIComponent(user)}">${user}</a>`;
  return html`
<tr>
  <td>${name}</td><td>${label ?? html`<span class="none">–</span>`}</td><td>${time(createdAt)}</td>
  <td>${time(lastSeen)}</td><td>${time(expires)}</td><td class="number">${bytes(size)}</td>
  <td><code>${handle}</code></td>
</tr>`;
}

/** @param {{ base: string, token: string }} frame */
function endedListing(frame) {
  const content = html`
<p>This list has ended, because nobody has looked at it for a while, or because another process has begun it.</p>
<p><a href="${frame.base}/sessions">Begin again</a></p>`;
  return page(frame, '/sessions', 'Sessions', content);
}

/**
 * The sessions of a user.
 *
 * @param {{ base: string, token: string }} frame
 * @param {{ id: string, devices: any[], ended: number }} user `ended`: the number of sessions that were just ended
 */
function user(frame, { id, devices, ended }) {
  const { base, token } = frame;
  const fields = html`${tokenField(token)}<input type="hidden" name="id" value="${id}">`;
  const rows = devices.map(
    ({ handle, label, since, createdAt, lastSeen, expires, current }) => html`
<tr>
  <td>${label ?? html`<span class="none">–</span>`} ${current && html`<em class="mark">you</em>`}</td>
  <td>${time(since ?? createdAt)}</td><td>${time(lastSeen)}</td><td>${time(expires)}</td>
  <td><code>${handle}</code></td>
  <td><form method="post" action="${base}/user/logout">
    ${fields}<input type="hidden" name="handle" value="${handle}">
    <button aria-label="Log out ${label ?? handle}">Log out</button>
  </form></td>
</tr>`,
  );
  const everywhere = html`
<details>
  <summary>Log out everywhere …</summary>
  <form method="post" action="${base}/user/logout-everywhere">
    ${fields}
    <p>This ends all ${devices.length} sessions of ${id}.</p>
    <button class="danger">Log out everywhere</button>
  </form>
</details>`;
  const content = html`
${Number.isInteger(ended) && html`<p class="done" role="status">Ended: ${ended}</p>`}
<div class="scroll"><table>
  <thead><tr>
    <th>Device</th><th>Logged in</th><th>Last seen</th><th>Ends</th><th>Handle</th><th></th>
  </tr></thead>
  <tbody>${rows}</tbody>
</table></div>
${devices.length === 0 ? html`<p class="hint">No sessions.</p>` : everywhere}
<p class="hint">The index is a moment behind: a session that has just begun may be missing.</p>`;
  return page(frame, '/user', id, content);
}

module.exports = {
  endedListing,
  failed,
  login,
  overview,
  refused,
  sessions,
  sizes,
  user,
};

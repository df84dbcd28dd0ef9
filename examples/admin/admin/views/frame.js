'use strict';

/** The frame of all pages, and the pages without an admin. */

const { html } = require('./html');

const PAGES = [
  ['/', 'Overview'],
  ['/sessions', 'Sessions'],
  ['/sizes', 'Sizes'],
];

/** @param {string} base @param {string} title @param {object} content @param {object} [head] */
function document(base, title, content, head) {
  return String(html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <meta name="color-scheme" content="light dark">
  <title>${title} – Sessions</title>
  <link rel="icon" href="${base}/assets/icon.svg">
  <link rel="stylesheet" href="${base}/assets/style.css">
  ${head}
</head>
<body>
${content}
</body>
</html>
`);
}

/**
 * A page for an admin.
 *
 * @param {{ base: string, token: string }} frame `base`: the path of the router; `token`: of the forms
 * @param {string} path
 * @param {string} title
 * @param {object} content
 * @param {object} [head]
 */
function page({ base, token }, path, title, content, head) {
  const links = PAGES.map(
    ([to, text]) =>
      html`<a href="${base}${to}" ${to === path && html`aria-current="page"`}>${text}</a>`,
  );
  const body = html`
<header>
  <strong>Sessions</strong>
  <nav>${links}</nav>
  <form class="find" action="${base}/user">
    <input name="id" type="search" placeholder="User" aria-label="User" required>
    <button>Find</button>
  </form>
  <form method="post" action="${base}/logout">${tokenField(token)}<button>Log out</button></form>
</header>
<main>
  <h1>${title}</h1>
  ${content}
</main>`;
  return document(base, title, body, head);
}

/** @param {string} token */
function tokenField(token) {
  return html`<input type="hidden" name="token" value="${token}">`;
}

/** A small page in the middle. */
function notice(base, title, content) {
  return document(base, title, html`<main class="notice"><h1>${title}</h1>${content}</main>`);
}

/** @param {string} base @param {string} token @param {string} [problem] */
function login(base, token, problem) {
  return notice(
    base,
    'Log in',
    html`
${problem && html`<p class="problem" role="alert">${problem}</p>`}
<form method="post" action="${base}/login">
  ${tokenField(token)}
  <input type="text" name="username" value="admin" autocomplete="username" hidden>
  <label>Password
    <input type="password" name="password" autocomplete="current-password" required autofocus>
  </label>
  <button class="primary">Log in</button>
</form>`,
  );
}

/** @param {string} base */
function refused(base) {
  return notice(
    base,
    'Not done',
    html`<p>The form was not from this page, or it is too old.</p>
<p><a href="${base}/">Go on</a></p>`,
  );
}

/** @param {string} base @param {string} code */
function failed(base, code) {
  return notice(
    base,
    'Not available',
    html`<p>The sessions could not be read: <code>${code}</code></p>
<p><a href="${base}/">Try again</a></p>`,
  );
}

module.exports = { failed, login, page, refused, tokenField };

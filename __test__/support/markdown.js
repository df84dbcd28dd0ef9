'use strict';

/** The pages of the documentation, read with a Markdown parser. */

const { execFileSync } = require('node:child_process');
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');
const { marked } = require('marked');

const root = join(__dirname, '..', '..');

/**
 * @typedef {object} Block
 * @property {string} name for a test: page, number and first line
 * @property {string} language
 * @property {string} mark what follows the language: `no-run: why`, `in: examples/name`, or nothing
 * @property {string} code
 * @property {string} before code that readers don't see, from a comment above the block
 * @property {string} after the same, from a comment below it
 */

/** @returns {string[]} every Markdown file that is or would be in git, from the root */
function pages() {
  const found = execFileSync(
    'git',
    ['ls-files', '--cached', '--others', '--exclude-standard', '--', '*.md'],
    { cwd: root, encoding: 'utf8' },
  );
  const names = new Set(found.split('\n').filter(Boolean));
  return [...names].filter((name) => existsSync(join(root, name))).sort();
}

/** @param {string} page */
function read(page) {
  return marked.lexer(readFileSync(join(root, page), 'utf8'));
}

/**
 * The targets of all links and images of a page, those in HTML too.
 *
 * @param {string} page
 * @returns {string[]}
 */
function links(page) {
  /** @type {string[]} */
  const found = [];
  marked.walkTokens(read(page), (token) => {
    if (token.type === 'link' || token.type === 'image') found.push(token.href);
    if (token.type !== 'html' || isComment(token.raw)) return;
    for (const [, target] of token.raw.matchAll(/\b(?:href|src)="([^"]*)"/g)) found.push(target);
  });
  return found;
}

/**
 * The anchors that the headings of a page have on GitHub.
 *
 * @param {string} page
 * @returns {Set<string>}
 */
function anchors(page) {
  const found = new Set();
  marked.walkTokens(read(page), (token) => {
    if (token.type !== 'heading') return;
    const slug = plain(token.tokens)
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number}\p{Mark}_ -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let copy = 1; found.has(anchor); copy += 1) anchor = `${slug}-${copy}`;
    found.add(anchor);
  });
  return found;
}

/**
 * The first cell of each row of the table that follows a heading, as Markdown.
 *
 * @param {string} page
 * @param {string} heading
 * @returns {string[]}
 */
function firstColumn(page, heading) {
  const tokens = read(page);
  const start = tokens.findIndex(({ type, text }) => type === 'heading' && text === heading);
  const table = tokens.slice(start).find(({ type }) => type === 'table');
  return table.rows.map(([first]) => first.text);
}

/**
 * The text of inline tokens: a heading may hold code or a link. `raw`, because `text` has entities
 * for some characters.
 */
function plain(tokens) {
  return tokens.map((token) => (token.tokens ? plain(token.tokens) : token.raw)).join('');
}

/**
 * @param {string} page
 * @returns {Block[]}
 */
function blocks(page) {
  /** @type {Block[]} */
  const found = [];
  const visit = (tokens) => {
    const here = tokens.filter(({ type }) => type !== 'space');
    here.forEach((token, index) => {
      for (const item of token.items ?? []) visit(item.tokens);
      if (token.type !== 'code') return;
      const [, language, mark] = /^(\S*)\s*(.*)$/.exec(token.lang ?? '');
      found.push({
        name: `${page}, block ${found.length + 1}: ${token.text.split('\n')[0]}`,
        language,
        mark,
        code: token.text,
        before: hidden(here[index - 1], 'before'),
        after: hidden(here[index + 1], 'after'),
      });
    });
  };
  visit(read(page));
  return found;
}

/** The blocks of all pages for users. */
function documented() {
  return pages()
    .filter((page) => /^(README|docs\/.*|examples\/.*)\.md$/.test(page))
    .flatMap(blocks);
}

/** The code in a comment beside a block. */
function hidden(token, where) {
  if (token?.type !== 'html') return '';
  return new RegExp(`^<!-- ${where}:\n(.*)\n-->\\s*$`, 's').exec(token.raw)?.[1] ?? '';
}

function isComment(html) {
  return html.trimStart().startsWith('<!--');
}

module.exports = { anchors, blocks, documented, firstColumn, links, pages, root };

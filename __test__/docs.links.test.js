'use strict';

/** Every link of every page leads to a file, and to a heading of it. */

const { existsSync } = require('node:fs');
const { dirname, join, relative } = require('node:path');
const { anchors, links, pages, root } = require('./support/markdown');

/** Links that another host answers, which no test asks. */
const ELSEWHERE = /^(https?|mailto):/;

/** @param {string} page the links of a page that lead nowhere */
function broken(page) {
  return links(page).filter((link) => {
    if (ELSEWHERE.test(link)) return false;
    const [path, anchor] = link.split('#');
    const target = path === '' ? page : relative(root, join(root, dirname(page), path));
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchors(target).has(anchor);
  });
}

test.each(pages())('the links of %s lead somewhere', (page) => {
  expect(broken(page)).toEqual([]);
});

test('docs/README.md lists every page of docs/', () => {
  const listed = links('docs/README.md').map((link) => join('docs', link));
  const others = pages().filter((page) => dirname(page) === 'docs' && page !== 'docs/README.md');
  expect(others.filter((page) => !listed.includes(page))).toEqual([]);
});

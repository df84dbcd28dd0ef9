'use strict';

/** The examples that are servers, each installed, started and driven over HTTP. */

const { Browser } = require('../../scripts/demo/browser');
const { openExample } = require('./support/example');

const ann = { user: 'Ann', password: 'correct horse' };
const paths = { page: '/', login: '/login', logout: '/logout' };

/** Each app with its paths. `says`: text of the page after a login, if this page is not JSON. */
const apps = [
  ['express', paths],
  ['passport', paths],
  ['koa', { ...paths, login: '/login?user=Ann' }],
  ['fastify', paths],
  ['hono', paths],
  ['nestjs', paths],
  ['lambda', paths],
];

/** The examples that take longest to install and to build. */
const heavy = [
  [
    'next',
    { page: '/api/visits', login: '/api/login', logout: '/api/logout', says: 'Hello Ann, this' },
  ],
];

const chosen = process.env.ALL_EXAMPLES ? [...apps, ...heavy] : apps;

test.each(chosen)('examples/%s: log in, visit, restart, log out', async (name, at) => {
  const example = openExample(name);
  let app = await example.start();
  try {
    const browser = new Browser();
    const visit = async () => (await browser.get(app.url + at.page)).body;
    expect(await visit()).toEqual({ user: null, visits: 0 });
    const { body: greeting } = await browser.post(app.url + at.login, ann);
    if (at.says) expect(greeting).toContain(at.says);
    const { visits } = await visit();
    expect(await visit()).toEqual({ user: 'Ann', visits: visits + 1 });

    expect(await app.stop()).toEqual([0, null]);
    app = await example.start();
    expect(await visit()).toEqual({ user: 'Ann', visits: visits + 2 });

    const { cookie } = browser;
    await browser.post(app.url + at.logout);
    browser.cookie = cookie;
    expect(await visit()).toEqual({ user: null, visits: 0 });
    expect(app.complaints()).toBe('');
    expect(await app.stop()).toEqual([0, null]);
  } finally {
    app.kill();
    example.remove();
  }
});

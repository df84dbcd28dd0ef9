'use strict';

/** examples/admin over HTTP. admin.page.test.js has it in a browser. */

const { newTableName } = require('../../__test__/support/dynamodb');
const { startProxy } = require('../../__test__/support/proxy-dynamodb');
const { Agent } = require('./support/agent');
const { openExample } = require('./support/example');

const password = 'correct horse battery';
const variables = { ADMIN_PASSWORD: password };

let example;
let app;
beforeAll(async () => {
  example = openExample('admin');
  app = await example.start({ variables });
});
afterAll(async () => {
  expect(app.complaints()).toBe('');
  expect(await app.stop()).toEqual([0, null]);
  example.remove();
});

const tokenIn = (page) => /name="token" value="([\w-]+)"/.exec(page)[1];
const handlesIn = (page) => Array.from(page.matchAll(/<code>([\w-]{22})<\/code>/g), ([, it]) => it);

/** Sends the form of the login. */
async function tryPassword(agent, given) {
  const token = tokenIn(await agent.page('/admin/login'));
  return agent.post('/admin/login', { token, password: given });
}

/** An admin who is logged in, with the token of the forms. */
async function newAdmin(url = app.url) {
  const admin = new Agent(url);
  const response = await tryPassword(admin, password);
  expect([response.status, response.headers.get('location')]).toEqual([303, '/admin/']);
  return Object.assign(admin, { token: tokenIn(await admin.page('/admin/')) });
}

/** A visitor who is logged in. */
async function newVisitor(user, { url = app.url, device = 'curl/8', cart = [] } = {}) {
  const visitor = new Agent(url, { 'user-agent': device });
  expect(await visitor.postJson('/login', { user, cart })).toEqual({ user, visits: 0 });
  return Object.assign(visitor, {
    visit: async () => (await visitor.request('/')).json(),
  });
}

const PAGES = ['/admin/', '/admin/sessions', '/admin/user?id=ann', '/admin/sizes'];
const FORMS = ['/admin/user/logout', '/admin/user/logout-everywhere', '/admin/sizes'];

describe('the login', () => {
  test('is needed for each page, form and stream', async () => {
    const visitor = await newVisitor('mallory');
    for (const agent of [new Agent(app.url), visitor]) {
      for (const path of PAGES) {
        const { status, headers } = await agent.request(path);
        expect([path, status, headers.get('location')]).toEqual([path, 303, '/admin/login']);
      }
      for (const path of [...FORMS, '/admin/logout']) {
        const { status, headers } = await agent.post(path, { id: 'mallory', units: '10' });
        expect([path, status, headers.get('location')]).toEqual([path, 303, '/admin/login']);
      }
      const stream = await agent.request('/admin/figures', {
        headers: { accept: 'text/event-stream' },
      });
      expect(stream.status).toBe(401);
    }
    expect(await visitor.visit()).toEqual({ user: 'mallory', visits: 1 });
  });

  test('gives the session a new id, and a cookie for this site only', async () => {
    const agent = await newVisitor('nina');
    const before = agent.sessionId;
    const response = await tryPassword(agent, password);
    expect(response.status).toBe(303);
    const cookie = response.headers.getSetCookie().find((each) => /^connect\.sid/.test(each));
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
    expect(agent.sessionId).not.toBe(before);
    expect((await agent.request('/admin/')).status).toBe(200);
    // The visitor's session is over.
    agent.cookies.delete('connect.sid');
    expect((await agent.request('/admin/')).status).toBe(303);
  });

  test('ends with the logout', async () => {
    const admin = await newAdmin();
    const cookies = new Map(admin.cookies);
    expect((await admin.post('/admin/logout', { token: admin.token })).status).toBe(303);
    admin.cookies = cookies;
    expect((await admin.request('/admin/')).status).toBe(303);
  });

  test('takes five wrong passwords, and then none for a while', async () => {
    const other = await example.start({ variables });
    try {
      const agent = new Agent(other.url);
      const tries = Array.from({ length: 6 }, (_, number) => tryPassword(agent, `no ${number}`));
      const statuses = (await Promise.all(tries)).map(({ status }) => status);
      expect(statuses.sort()).toEqual([401, 401, 401, 401, 401, 429]);
      expect((await tryPassword(agent, password)).status).toBe(429);
      expect((await tryPassword(new Agent(other.url), password)).status).toBe(429);
      expect(other.complaints()).toBe('');
    } finally {
      other.kill();
    }
  });

  test('every page says which code may run, and that no cache may keep it', async () => {
    const admin = await newAdmin();
    for (const path of ['/admin/login', ...PAGES]) {
      const { headers } = await admin.request(path);
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; /);
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });
});

test('a form without its token, or with that of another session, does nothing', async () => {
  const admin = await newAdmin();
  const { token: foreign } = await newAdmin();
  const visitor = await newVisitor('oscar');
  for (const token of [undefined, '', 'x', foreign]) {
    for (const path of FORMS) {
      const form = { id: 'oscar', units: '10', ...(token !== undefined && { token }) };
      expect((await admin.post(path, form)).status).toBe(403);
    }
  }
  expect((await admin.post('/admin/login', { password })).status).toBe(403);
  expect(await visitor.visit()).toEqual({ user: 'oscar', visits: 1 });
});

test('one device is logged out, then all, also in another process', async () => {
  const other = await example.start({ variables });
  try {
    const phone = await newVisitor('ann', { device: 'Mozilla/5.0 (iPhone) Safari/604.1' });
    const laptop = await newVisitor('ann', {
      url: other.url,
      device: 'Mozilla/5.0 (Windows NT 10.0) Firefox/145.0',
    });
    const bob = await newVisitor('bob', { url: other.url });
    const admin = await newAdmin();
    const page = await admin.page('/admin/user?id=ann');
    expect(page).toContain('Safari on iPhone');
    const row = page.split('<tr>').find((each) => each.includes('Firefox on Windows'));
    const [handle] = handlesIn(row);

    const { token } = admin;
    const one = await admin.post('/admin/user/logout', { token, id: 'ann', handle });
    expect(one.headers.get('location')).toBe('/admin/user?id=ann&ended=1');
    expect(await laptop.visit()).toEqual({ user: null, visits: 0 });
    expect(await phone.visit()).toEqual({ user: 'ann', visits: 1 });

    const again = await newVisitor('ann', { url: other.url });
    const all = await admin.post('/admin/user/logout-everywhere', { token, id: 'ann' });
    expect(all.headers.get('location')).toBe('/admin/user?id=ann&ended=2');
    expect(await again.visit()).toEqual({ user: null, visits: 0 });
    expect(await phone.visit()).toEqual({ user: null, visits: 0 });
    expect(await bob.visit()).toEqual({ user: 'bob', visits: 1 });
    expect(await admin.page('/admin/user?id=ann&ended=2')).toContain('No sessions.');
  } finally {
    other.kill();
  }
});

test('a logout without a handle ends nothing', async () => {
  const visitor = await newVisitor('peggy');
  const admin = await newAdmin();
  await admin.post('/admin/user/logout', { token: admin.token, id: 'peggy' });
  expect(await visitor.visit()).toEqual({ user: 'peggy', visits: 1 });
});

test('the list has each session once, page by page, and nothing that opens one', async () => {
  const visitors = [];
  for (let number = 0; number < 60; number += 1) {
    const cart = [{ secret: 'a thing to buy' }];
    visitors.push(await newVisitor('quentin', { device: '<b>"bold"', cart }));
  }
  const admin = await newAdmin();
  const texts = [await admin.page('/admin/sessions')];
  const paths = [];
  for (let next = true; next; ) {
    next = /href="([^"]+)" rel="next"/.exec(texts.at(-1))?.[1].replaceAll('&#38;', '&');
    if (next) {
      paths.push(next);
      texts.push(await admin.page(next));
    }
  }
  expect(texts.length).toBeGreaterThan(2);
  const handles = texts.flatMap(handlesIn);
  expect(new Set(handles).size).toBe(handles.length);
  const ofUser = handlesIn(await admin.page('/admin/user?id=quentin'));
  expect(ofUser.length).toBe(60);
  expect(handles).toEqual(expect.arrayContaining(ofUser));

  // A page of before shows the same. Nobody else sees the list.
  expect(handlesIn(await admin.page(paths[0]))).toEqual(handlesIn(texts[1]));
  expect((await (await newAdmin()).request(paths[0])).status).toBe(410);

  const sample = await admin.post('/admin/sizes', { token: admin.token, units: '50' });
  expect(sample.status).toBe(200);
  texts.push(await sample.text());
  for (const path of PAGES) texts.push(await admin.page(path));
  texts.push(await admin.page('/admin/user?id=quentin'));
  for await (const { event, data } of admin.events('/admin/figures')) {
    texts.push(JSON.stringify(data));
    if (event === 'second') break;
  }
  for (const text of texts) {
    for (const { sessionId } of [admin, ...visitors]) expect(text).not.toContain(sessionId);
    expect(text).not.toContain('a thing to buy');
    expect(text).not.toContain('<b>"bold"');
  }
  expect(texts.join()).toContain('&#60;b&#62;&#34;bold&#34;');
});

test('a sample of equal sessions costs its bound, or a session more', async () => {
  // A table of its own: a page that has much larger sessions than those before may cost any number of units.
  const table = newTableName();
  const other = await example.start({ variables: { ...variables, SESSION_TABLE: table } });
  try {
    const cart = Array.from({ length: 200 }, () => ({
      text: 'a thing of some hundred bytes'.repeat(5),
    }));
    for (let number = 0; number < 12; number += 1) {
      await newVisitor('rupert', { url: other.url, cart });
    }
    const admin = await newAdmin(other.url);
    const response = await admin.post('/admin/sizes', { token: admin.token, units: '10' });
    const text = await response.text();
    const [, count, units] =
      /id="sample">(\d+) sessions, a part of the table: \d+ items, ([\d.]+) of 10/.exec(text);
    expect(Number(count)).toBeGreaterThan(0);
    expect(Number(units)).toBeGreaterThan(0);
    // One session of 32 KB more, at half a unit for each 4 KB or at one.
    expect(Number(units)).toBeLessThanOrEqual(10 + 8);
    const wrong = await admin.post('/admin/sizes', { token: admin.token, units: '100000' });
    expect(wrong.status).toBe(400);
  } finally {
    other.kill();
  }
});

describe('the figures', () => {
  test('move when visitors come', async () => {
    const admin = await newAdmin();
    const visitor = await newVisitor('sybil');
    let before;
    let count = 0;
    for await (const { event, data } of admin.events('/admin/figures')) {
      if (event === 'history') continue;
      const gets = data.stats.operations.get.succeeded;
      before ??= gets;
      count += data.perSecond.operations;
      // The figures of a second may come before or after those that it has in the totals.
      if (gets >= before + 5 && count >= 5 && data.perSecond.units) {
        expect(data.milliseconds.p99).toBeGreaterThanOrEqual(data.milliseconds.p50);
        expect(data.milliseconds.p50).toBeGreaterThan(0);
        break;
      }
      await Promise.all(Array.from({ length: 5 }, () => visitor.visit()));
    }
  });

  test('show an outage, and its end', async () => {
    const proxy = await startProxy();
    const endpoint = { AWS_ENDPOINT_URL_DYNAMODB: proxy.endpoint };
    const other = await example.start({ variables: { ...variables, ...endpoint } });
    try {
      const admin = await newAdmin(other.url);
      const visitor = await newVisitor('trent', { url: other.url });
      const seen = [];
      for await (const { event, data } of admin.events('/admin/figures')) {
        if (event === 'history') continue;
        const { available } = data.stats;
        if (seen.at(-1) !== available) seen.push(available);
        if (seen.length === 1) {
          proxy.hooks.before = () => 'tear';
          visitor.request('/').catch(() => {});
        }
        if (seen.length === 2) proxy.hooks.before = () => {};
        if (seen.length === 3) break;
      }
      expect(seen).toEqual([true, false, true]);
    } finally {
      other.kill();
      await proxy.stop();
    }
  });
});

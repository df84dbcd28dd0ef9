'use strict';

/** examples/admin in a real browser. */

const { createRequire } = require('node:module');
const { join } = require('node:path');
const { openExample, testInChromium } = require('./support/example');

testInChromium(
  'the admin page: log in, see figures move, log out a device, log out everywhere',
  inChromium,
);

const password = 'correct horse battery';

/** @param {string} executablePath */
async function inChromium(executablePath) {
  const example = openExample('admin');
  const required = createRequire(join(example.folder, 'app.js'));
  const { chromium } = required('playwright-core');
  const { seed, visit } = required('./seed');
  const browser = await chromium.launch({ executablePath });
  const app = await example.start({ variables: { ADMIN_PASSWORD: password } });
  let isOver = false;
  let visits = Promise.resolve();
  try {
    const visitors = await seed(app.url);
    visits = visitUntil(() => isOver, app.url, visitors, visit);
    const page = await browser.newPage({ viewport: { width: 1120, height: 560 } });
    page.setDefaultTimeout(120_000);
    /** What the policy of the page has refused, and errors of the page's code. */
    const problems = [];
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));

    await page.goto(`${app.url}/admin`);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
    const figure = page.locator('[data-figure="perSecond.operations"]');
    await page.waitForFunction(
      (element) => Number(element.textContent) > 0,
      await figure.elementHandle(),
    );
    await page.waitForFunction(() => {
      const line = document.querySelector('polyline.operations');
      return line.getAttribute('points').split(' ').length >= 3;
    });
    // The picture in docs/USERS.md.
    if (process.env.SCREENSHOT) await takeScreenshot(page, process.env.SCREENSHOT);

    await page.getByRole('link', { name: 'Sessions' }).click();
    await page.getByRole('link', { name: 'erin' }).first().click();
    const rows = page.locator('tbody tr');
    await page.getByRole('heading', { name: 'erin' }).waitFor();
    expect(await rows.count()).toBe(4);
    await page.getByRole('button', { name: 'Log out Safari on iPhone' }).click();
    await page.getByText('Ended: 1').waitFor();
    expect(await rows.count()).toBe(3);
    expect(await page.content()).not.toContain('Safari on iPhone');

    await page.getByText('Log out everywhere …').click();
    await page.getByRole('button', { name: 'Log out everywhere' }).click();
    await page.getByText('Ended: 3').waitFor();
    await page.getByText('No sessions.').waitFor();

    await page.getByRole('link', { name: 'Sizes' }).click();
    await page.getByRole('button', { name: 'Take a sample' }).click();
    await page.locator('#sample').waitFor();
    expect(await page.locator('.histogram').count()).toBe(2);

    await page.getByRole('link', { name: 'Sessions' }).click();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Password').waitFor();
    await page.goBack();
    await page.getByLabel('Password').waitFor();
    expect(problems).toEqual([]);
    expect(app.complaints()).toBe('');
  } finally {
    isOver = true;
    await visits.catch(() => {});
    app.kill();
    await browser.close();
    example.remove();
  }
}

/** Visits pages of all visitors, again and again. */
async function visitUntil(isOver, url, visitors, visit) {
  for (let number = 0; !isOver(); number += 1) {
    const many = 2 + Math.round(1.5 * (1 + Math.sin(number / 12)));
    const now = Array.from(
      { length: many },
      (_, index) => visitors[(number + index) % visitors.length],
    );
    await Promise.all(now.map((headers) => visit(url, headers)));
    await new Promise((resolve) => setTimeout(resolve, 80));
  }
}

/** A picture of the page, once its charts have half a minute. */
async function takeScreenshot(page, path) {
  await page.waitForFunction(() => {
    const line = document.querySelector('polyline.operations');
    return line.getAttribute('points').split(' ').length >= 45;
  });
  await page.screenshot({ path });
}

'use strict';

/** The login page of examples/express in a real browser. */

const { createRequire } = require('node:module');
const { join } = require('node:path');
const { openExample, testInChromium } = require('./support/example');

testInChromium('the login page: log in, reload, restart, log out, go back', inChromium);

/** @param {string} executablePath */
async function inChromium(executablePath) {
  const example = openExample('express');
  // A dependency of the example that only this test needs.
  const { chromium } = createRequire(join(example.folder, 'app.js'))('playwright-core');
  const browser = await chromium.launch({ executablePath });
  let app = await example.start();
  try {
    const page = await browser.newPage({ viewport: { width: 480, height: 320 } });
    page.setDefaultTimeout(120_000);
    const shows = (text) => page.getByText(text).waitFor();

    await page.goto(app.url);
    await page.getByLabel('Your name').fill('Ann <3');
    await page.getByRole('button', { name: 'Log in' }).click();
    await shows('Hello Ann <3');
    await shows('This is visit 1.');
    await page.reload();
    await shows('This is visit 2.');

    const { port } = new URL(app.url);
    expect(await app.stop()).toEqual([0, null]);
    app = await example.start({ variables: { PORT: port } });
    await page.reload();
    await shows('This is visit 3.');
    // The picture in docs/EXPRESS.md.
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });

    // A separate address: without `no-store`, the browser's cache would keep this page after the logout.
    await page.goto(`${app.url}/?again`);
    await shows('This is visit 4.');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await page.goBack();
    expect(page.url()).toBe(`${app.url}/?again`);
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    expect(await page.content()).not.toContain('Hello');
    expect(app.complaints()).toBe('');
  } finally {
    app.kill();
    await browser.close();
    example.remove();
  }
}

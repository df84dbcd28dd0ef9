'use strict';

/**
 * Logs users in on several devices, as their browsers would, in an app that runs.
 *
 *     npm run seed                  logs them in
 *     npm run seed -- --visits      logs them in, and visits pages until Ctrl-C
 *
 * `APP_URL` is the address of the app, by default http://127.0.0.1:3000.
 */

const { setTimeout: wait } = require('node:timers/promises');

const { APP_URL = 'http://127.0.0.1:3000' } = process.env;

const AGENTS = {
  windows: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Gecko/20100101 Firefox/145.0',
  edge: 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0',
  mac: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 15_0) Version/26.0 Safari/605.1.15',
  linux: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36',
  iphone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 26_0 like Mac OS X) Version/26.0 Safari/604.1',
  android: 'Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36',
};

/** The devices of each user, and the number of things in the user's cart. */
const USERS = {
  ann: { devices: ['windows', 'iphone', 'mac'], things: 4 },
  bob: { devices: ['linux', 'android'], things: 0 },
  carol: { devices: ['mac', 'iphone'], things: 12 },
  dave: { devices: ['edge'], things: 30 },
  erin: { devices: ['windows', 'android', 'linux', 'iphone'], things: 2 },
  frank: { devices: ['edge', 'android'], things: 80 },
  grace: { devices: ['mac'], things: 1 },
  heidi: { devices: ['linux', 'windows'], things: 7 },
};

const thing = (_, index) => ({ sku: `A-${1000 + index}`, name: 'A thing to buy', count: 1 });

/** Each user on each device, with what the log says of both. */
const visitors = Object.entries(USERS).flatMap(([user, { devices, things }]) =>
  devices.map((device) => ({ user, device, cart: Array.from({ length: things }, thing) })),
);

/** Logs a visitor in, and returns the headers of the visitor's further requests. */
async function logIn(url, { user, device, cart }) {
  const headers = { 'user-agent': AGENTS[device] };
  const response = await fetch(new URL('/login', url), {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ user, cart }),
  });
  if (!response.ok) throw new Error(`the login of ${user} gave ${response.status}`);
  const cookie = response.headers.getSetCookie().map((each) => each.split(';')[0]);
  return { ...headers, cookie: cookie.join('; ') };
}

/** @param {string} url the address of the app */
async function seed(url) {
  const all = [];
  for (const visitor of visitors) all.push(await logIn(url, visitor));
  return all;
}

/** Visits a page. */
async function visit(url, headers) {
  const response = await fetch(url, { headers });
  return response.json();
}

async function main() {
  const all = await seed(APP_URL);
  console.log(`${all.length} sessions of ${Object.keys(USERS).length} users`);
  if (!process.argv.includes('--visits')) return;
  for (let number = 0; ; number += 1) {
    // More visitors come for a while, then fewer.
    const many = 3 + Math.round(2.5 * (1 + Math.sin(number / 20)));
    const now = Array.from({ length: many }, (_, index) => all[(number + 3 * index) % all.length]);
    await Promise.all(now.map((headers) => visit(APP_URL, headers)));
    await wait(100);
  }
}

if (require.main === module) {
  main().catch(({ message }) => {
    console.error(message);
    process.exitCode = 1;
  });
}

module.exports = { seed, visit };

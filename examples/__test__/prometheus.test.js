'use strict';

/** examples/prometheus: the metrics as Prometheus gets them, and the health check. */

const { Browser } = require('../../scripts/demo/browser');
const { startStub, table } = require('../../__test__/support/stub-dynamodb');
const { openExample } = require('./support/example');

const ann = { user: 'Ann', password: 'correct horse' };

let example;
beforeAll(() => {
  example = openExample('prometheus');
});
afterAll(() => example?.remove());

/** The samples of `/metrics`, by their name and labels. */
async function scrape(url) {
  const response = await fetch(`${url}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  const samples = text.split('\n').filter((line) => line && !line.startsWith('#'));
  const name = /^dynamo_session_store_(\S+) (\S+)$/;
  return Object.fromEntries(samples.map((line) => name.exec(line).slice(1)));
}

test('counters, gauges and health of an app that works', async () => {
  const app = await example.start();
  try {
    expect(await scrape(app.url)).toMatchObject({
      available: '1',
      pending: '0',
      retries_total: '0',
    });
    const browser = new Browser();
    await browser.post(`${app.url}/login`, ann);
    for (let visit = 0; visit < 3; visit += 1) await browser.get(app.url);
    const samples = await scrape(app.url);
    expect(samples).toMatchObject({
      'operations_total{operation="get",outcome="ok"}': '4',
      'requests_total{operation="GetItem",outcome="ok"}': '4',
      'requests_total{operation="GetItem",outcome="failed"}': '0',
      'capacity_units_total{kind="read"}': '4',
      throttled_total: '0',
      available: '1',
      pending: '0',
      in_flight: '0',
    });
    expect(Number(samples.connections)).toBeGreaterThan(0);
    expect(Number(samples['bytes_total{direction="sent"}'])).toBeGreaterThan(1000);
    // A second scrape does not add the counters to those of the first.
    expect(await scrape(app.url)).toEqual(samples);
    const health = await fetch(`${app.url}/health`);
    expect([health.status, await health.json()]).toEqual([200, { available: true, pending: 0 }]);
    expect(app.complaints()).toBe('');
    expect(await app.stop()).toEqual([0, null]);
  } finally {
    app.kill();
  }
});

test('errors by their code, and the health during an outage', async () => {
  let tears = false;
  const stub = await startStub(({ operation }) => {
    if (tears) return 'tear';
    return operation === 'DescribeTable' ? table() : undefined;
  });
  const variables = { AWS_ENDPOINT_URL_DYNAMODB: stub.endpoint };
  const app = await example.start({ variables });
  try {
    const login = () => new Browser().post(`${app.url}/login`, ann);
    await login();
    tears = true;
    const health = () => fetch(`${app.url}/health`);
    while ((await health()).status === 200) await login().catch(() => {});
    expect((await health()).status).toBe(503);
    const samples = await scrape(app.url);
    expect(samples.available).toBe('0');
    const failed = 'operations_total{operation="set",outcome="ERR_SESSION_UNREACHABLE"}';
    expect(Number(samples[failed])).toBeGreaterThan(0);
    tears = false;
    while ((await health()).status === 503) await new Promise(setImmediate);
    expect(await (await health()).json()).toMatchObject({ available: true });
    expect(await app.stop()).toEqual([0, null]);
  } finally {
    app.kill();
    await stub.stop();
  }
});

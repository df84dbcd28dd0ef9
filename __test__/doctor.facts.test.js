'use strict';

/** The findings about the addon and the bill. */

const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { PRICES, TRACE, billing } = require('../cli/doctor/billing');
const { CHECKS } = require('../cli/doctor');
const { credentials } = require('../cli/doctor/connection');
const { readFacts } = require('../lib/diagnosis');
const { version } = require('../package.json');
const { root } = require('./support/markdown');

describe('the addon', () => {
  const outside = process.env.DYNAMO_SESSION_STORE_ADDON;
  let folder;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-addon-'));
    jest.resetModules();
  });
  afterEach(() => {
    if (outside === undefined) delete process.env.DYNAMO_SESSION_STORE_ADDON;
    else process.env.DYNAMO_SESSION_STORE_ADDON = outside;
    rmSync(folder, { recursive: true });
  });

  test('is named with its version, its platform and its C library', () => {
    delete process.env.DYNAMO_SESSION_STORE_ADDON;
    const { status, data, found } = require('../cli/doctor/addon').addon();
    expect(status).toBe('ok');
    expect(data).toMatchObject({
      version,
      platform: process.platform,
      arch: process.arch,
      node: process.versions.node,
    });
    if (process.platform === 'linux') expect(['glibc', 'musl']).toContain(data.libc);
    expect(found).toContain(`Node ${process.versions.node}`);
  });

  test('that cannot be loaded is the only finding', async () => {
    const file = join(folder, 'broken.node');
    writeFileSync(file, 'no addon');
    process.env.DYNAMO_SESSION_STORE_ADDON = file;
    const findings = [];
    for await (const finding of require('../cli/doctor').diagnose('express', {})) {
      findings.push(finding);
    }
    const [{ check, status }, ...others] = findings;
    expect([check, status]).toEqual(['addon', 'error']);
    expect(others.map((each) => each.check)).toEqual(CHECKS.slice(1));
    for (const each of others) expect(each.status).toBe('skipped');
  });
});

describe('the source of credentials, as the addon names it', () => {
  test.each([
    ['options', 'options', 'keys in the options'],
    ['provider', 'provider', 'the provider in the options'],
    ['the environment', 'environment', 'the environment variables'],
    ['profile "shop"', 'profile', 'profile "shop" of the shared files'],
    ['the credentials service of the container', 'container', 'service of the container'],
    ['the metadata service of the instance', 'instance', 'service of the instance'],
    ['credential_process of profile "shop"', 'process', 'credential_process of profile "shop"'],
    ['SSO, asked for profile "shop",', 'sso', 'SSO, for profile "shop".'],
    ['STS, asked for a role of profile "shop",', 'role', 'STS, for a role of profile "shop".'],
    ['STS, asked for the role of AWS_ROLE_ARN,', 'web-identity', 'the role of AWS_ROLE_ARN.'],
  ])('%s', (from, source, words) => {
    // The addon still has these words for its sources.
    const rust = ['mod.rs', '../ways.rs', '../open.rs'].map((file) =>
      readFileSync(join(root, 'src/core/dynamo/credentials', file), 'utf8'),
    );
    const [named] = from.split(' "shop"');
    expect(rust.some((text) => text.includes(named))).toBe(true);
    const found = credentials({ throughClient: false, credentialsFrom: from }, 'options');
    expect(found).toMatchObject({ status: 'ok', data: { source, from } });
    expect(found.found).toContain(words);
  });
});

describe('the trace on the table', () => {
  const page = readFileSync(join(root, 'docs/COST.md'), 'utf8');
  const number = (/** @type {string} */ text) => Number(text.replace(',', ''));

  test('has the numbers of docs/COST.md', () => {
    const row = /cookie of an hour \| ([\d,]+) \| ([\d,]+) \| ([\d.]+)/;
    const [, writes, reads, dollars] = row.exec(page) ?? [];
    expect(number(writes)).toBe(TRACE.express.writes);
    expect(number(reads)).toBe(TRACE.express.reads);
    const [, ofKoa, readsOfKoa] =
      /koa-session-dynamodb-store.*\n\| this package, cookie of a day \| ([\d,]+) \| ([\d,]+)/.exec(
        page,
      ) ?? [];
    expect(number(ofKoa)).toBe(TRACE.koa.writes);
    expect(number(readsOfKoa)).toBe(TRACE.koa.reads);
    const [, write, read] = /\$([\d.]+) for a million write\s+units, \$([\d.]+)/.exec(page) ?? [];
    expect({ write: number(write), read: number(read) }).toEqual(PRICES.onDemand);
    const { data } = onDemand('express', {});
    expect(data.dollarsOfAMillionViews).toBe(number(dollars));
  });

  const onDemand = (kind, options) =>
    billing(readFacts(kind, options), { BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' } });
  const provisioned = (ReadCapacityUnits, WriteCapacityUnits) =>
    billing(readFacts('express', { table: 'shop' }), {
      ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits },
    });

  test.each([
    ['express', {}, 0.33],
    ['express', { consistentRead: false }, 0.27],
    ['express', { compress: true }, 0.23],
    ['koa', {}, 0.19],
    ['shopify', {}, undefined],
  ])('%s with %j', (kind, options, dollars) => {
    const { status, data } = onDemand(kind, options);
    expect(status).toBe('ok');
    expect(data.dollarsOfAMillionViews).toBe(dollars);
  });

  test('5 units by the hour are a default that few want', () => {
    const few = provisioned(5, 5);
    expect(few.status).toBe('warning');
    expect(few.advice).toContain('--table-name shop');
    expect(few.data).toMatchObject({ dollarsOfAMonth: 2.85, viewsOfASecond: 4.9 });
    expect(provisioned(50, 5).status).toBe('ok');
  });
});

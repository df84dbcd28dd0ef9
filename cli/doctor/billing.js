'use strict';

/** The costs of the table: its billing mode, and the trace of docs/COST.md on it. */

const { ok, warning } = require('./finding');

/** @import { Facts } from '../../lib/diagnosis' */
/** @import { Finding } from './finding' */

/**
 * The trace of docs/COST.md: 40 users log in, view 50 pages each, and log out. The units of all of them, for a session
 * of 1 KB. For Express, with a cookie of an hour; for Koa, with a cookie of a day.
 */
const TRACE = {
  express: { writes: 660, reads: 2040, views: 2000, cookie: 'of an hour' },
  koa: { writes: 200, reads: 2040, views: 2000, cookie: 'of a day' },
};

/** The prices of us-east-1 in dollars. On demand: for a million units. Provisioned: for a unit and hour. */
const PRICES = {
  onDemand: { write: 0.625, read: 0.125 },
  provisioned: { write: 0.00065, read: 0.00013 },
};

const HOURS_OF_A_MONTH = 730;

/** The capacity units that connect-dynamodb and this package give a new table by default. */
const DEFAULT_UNITS = 5;

/**
 * The units of a page view of the trace with these options and this table.
 *
 * @param {Facts} facts
 * @param {number} regions the number of Regions that store each write
 */
function unitsOfView({ compresses, consistentRead, kind }, regions) {
  if (kind === 'shopify') return undefined;
  const { cookie, reads, views, writes } = TRACE[kind];
  return {
    cookie,
    read: (reads / views) * (consistentRead ? 1 : 0.5),
    // The trace with `compress` has half of the writes.
    write: ((writes / views) * regions) / (compresses && kind === 'express' ? 2 : 1),
  };
}

/**
 * @param {Facts} facts
 * @param {any} described the description of the table
 * @returns {Finding}
 */
function billing(facts, described) {
  const regions = Math.max(1, described.Replicas?.length ?? 1);
  const view = unitsOfView(facts, regions);
  const mode = described.BillingModeSummary?.BillingMode ?? 'PROVISIONED';
  if (mode === 'PAY_PER_REQUEST') return onDemand(facts, view, regions);
  return provisioned(facts, described.ProvisionedThroughput ?? {}, view);
}

/**
 * @param {Facts} facts
 * @param {ReturnType<typeof unitsOfView>} view
 * @param {number} regions
 * @returns {Finding}
 */
function onDemand({ indexes }, view, regions) {
  const mode = 'The table is billed by the request (on demand).';
  if (!view) return ok('billing', mode, { data: { mode: 'PAY_PER_REQUEST' } });
  const { read, write } = PRICES.onDemand;
  const million = view.write * write + view.read * read;
  const dollars = million.toFixed(2);
  const copies = regions > 1 ? ` Each write is billed in ${regions} Regions.` : '';
  const more = indexes.length > 0 ? ' The writes of the indexes come on top.' : '';
  return ok(
    'billing',
    `${mode} A million page views of the trace in docs/COST.md (session of 1 KB, cookie ${view.cookie}) cost about ` +
      `$${dollars}, at the prices of us-east-1.${copies}${more}`,
    {
      data: {
        mode: 'PAY_PER_REQUEST',
        dollarsOfAMillionViews: Number(dollars),
        ...perView(view),
        regions,
      },
    },
  );
}

/**
 * @param {Facts} facts
 * @param {{ ReadCapacityUnits?: number, WriteCapacityUnits?: number }} throughput
 * @param {ReturnType<typeof unitsOfView>} view
 * @returns {Finding}
 */
function provisioned({ table }, throughput, view) {
  const { ReadCapacityUnits: reads = 0, WriteCapacityUnits: writes = 0 } = throughput;
  const prices = PRICES.provisioned;
  const month = (writes * prices.write + reads * prices.read) * HOURS_OF_A_MONTH;
  const data = {
    mode: 'PROVISIONED',
    readCapacityUnits: reads,
    writeCapacityUnits: writes,
    dollarsOfAMonth: Number(month.toFixed(2)),
    ...(view && perView(view)),
  };
  const found =
    `The table is billed by the hour for ${reads} read and ${writes} write capacity units: about ` +
    `$${month.toFixed(2)} a month at the prices of us-east-1, used or not.`;
  const carries = view && Math.min(reads / view.read, writes / view.write);
  const rate = carries?.toPrecision(2);
  const load =
    view && rate
      ? ` They carry about ${rate} page views a second of the trace in docs/COST.md (session of 1 KB, cookie ` +
        `${view.cookie}). DynamoDB throttles requests beyond this.`
      : '';
  const more = { data: { ...data, ...(rate && { viewsOfASecond: Number(rate) }) } };
  // More units were chosen on purpose.
  if (reads > DEFAULT_UNITS || writes > DEFAULT_UNITS) return ok('billing', found + load, more);
  return warning('billing', found + load, {
    advice: `Bill it by the request: aws dynamodb update-table --table-name ${table} --billing-mode PAY_PER_REQUEST`,
    ...more,
  });
}

/** @param {{ read: number, write: number }} view */
function perView({ read, write }) {
  return { readUnitsOfAView: read, writeUnitsOfAView: write };
}

module.exports = { PRICES, TRACE, billing };

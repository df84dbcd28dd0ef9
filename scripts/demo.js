'use strict';

/**
 * `npm run demo`: uses an Express app over HTTP, which keeps its sessions in DynamoDB. The app runs in another process,
 * which the demo restarts once. Without `DYNAMODB_ENDPOINT` and `--aws`, the demo starts an embedded DynamoDB.
 */

const assert = require('node:assert/strict');
const { randomUUID } = require('node:crypto');
const { parseArgs } = require('node:util');
const { quietSdks } = require('./quiet');
const { program, setup } = require('./setup');

const USAGE = `Usage: npm run demo [-- --serve] [--aws]

  --serve  serve the app to a browser, until Ctrl-C
  --aws    use the DynamoDB of your AWS environment (this costs next to nothing)

To use another DynamoDB, set DYNAMODB_ENDPOINT to its address. To use a table of your own, set
SESSION_TABLE to its name; if it is not set, the demo deletes its table at the end.`;

/** @param {string} line */
const done = (line) => console.log(`  ✓ ${line}`);

async function main() {
  const { values } = parseArgs({
    options: {
      serve: { type: 'boolean' },
      aws: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  setup();
  quietSdks();
  // Required here, because these files need packages that the set-up installs.
  const { checkDynamo } = require('./demo/check');
  const { openDynamo } = require('./demo/dynamo');
  const { startApp } = require('./demo/app');
  const { Browser } = require('./demo/browser');
  const { checkPort } = require('./server');

  const port = process.env.PORT ?? '3000';
  if (values.serve) await checkPort(port);

  const dynamo = await openDynamo({
    aws: values.aws === true,
    table: process.env.SESSION_TABLE ?? `demo-sessions-${randomUUID()}`,
    keep: process.env.SESSION_TABLE !== undefined,
  });
  console.log(`\nDynamoDB: ${dynamo.description}`);
  console.log(`Table:    ${dynamo.table}\n`);
  try {
    await checkDynamo(dynamo);
    if (values.serve) await serve();
    else await drive();
  } finally {
    await dynamo.close();
  }

  async function serve() {
    const app = await startApp(dynamo, port);
    console.log(`Open ${app.url} in a browser. Press Ctrl-C to stop the demo.\n`);
    await new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM']) {
        process.removeAllListeners(signal);
        process.once(signal, resolve);
      }
    });
    await app.stop();
  }

  async function drive() {
    let app = await startApp(dynamo);
    const browser = new Browser();
    console.log(`An Express app, process ${app.pid}`);
    const visit = async () => (await browser.get(app.url)).body;

    // The login redirects to the first page.
    const login = await browser.post(`${app.url}/login`, { user: 'Ann' });
    assert.deepEqual(login.body, { user: 'Ann', visits: 1 });
    done('Ann logs in: visit 1');
    for (const visits of [2, 3]) {
      assert.deepEqual(await visit(), { user: 'Ann', visits });
      done(`visit ${visits}`);
    }
    const [item, ...others] = await dynamo.items();
    assert.equal(others.length, 0, 'there is one session in the table');
    console.log(`\nThe table holds\n${dynamo.show(item)}\n`);

    const before = app.pid;
    await app.stop();
    app = await startApp(dynamo);
    assert.notEqual(app.pid, before);
    console.log(`The app again, process ${app.pid}`);
    assert.deepEqual(await visit(), { user: 'Ann', visits: 4 });
    done('Ann is still logged in: visit 4');

    const cookie = browser.cookie;
    await browser.post(`${app.url}/logout`);
    done('Ann logs out');
    browser.cookie = cookie;
    assert.deepEqual(await visit(), { user: null, visits: 0 });
    done('her old cookie opens nothing');
    assert.deepEqual(await dynamo.items(), []);
    console.log('\nThe table is empty.\n');
    await app.stop();
  }
}

program(main, { help: 'npm run demo -- --help' });

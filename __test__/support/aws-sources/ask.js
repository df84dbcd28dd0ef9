'use strict';

/**
 * A process of its own that tries each case of `cases.js` with one subject, and says which key and
 * region signed the request for DynamoDB, and where it went: `node ask.js store|client|adopted`.
 */

const { mkdirSync, mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { dirname, join } = require('node:path');
const { DynamoDB, DynamoDBClient } = require('@aws-sdk/client-dynamodb');
const { CASES } = require('./cases');
const { startServer } = require('./server');

const Key = { id: { S: 'abc' } };

/** The AWS SDK for JavaScript v3. Nothing is sent to AWS: what a test needs of it is the address. */
async function askClient(config) {
  const client = new DynamoDB({ maxAttempts: 1, ...config });
  const { requestHandler } = client.config;
  const handle = requestHandler.handle.bind(requestHandler);
  requestHandler.handle = async (request, ...rest) => {
    const { protocol, hostname } = request;
    if (hostname.startsWith('dynamodb')) throw new Error(`${protocol}//${hostname}`);
    return handle(request, ...rest);
  };
  try {
    await client.getItem({ TableName: 'sessions', Key });
  } finally {
    client.destroy();
  }
}

/** A store of this package with the options of one. */
async function askStoreWith(options) {
  const { DynamoDBStore } = require('../../..');
  const store = new DynamoDBStore({ initialized: true, ...options });
  try {
    await store.get('abc');
  } finally {
    await store.close();
  }
}

/** A client of the SDK that a store has adopted. */
function askAdopted(config, connectionTimeout) {
  const requestHandler = { connectionTimeout };
  const client = new DynamoDBClient({ maxAttempts: 1, requestHandler, ...config });
  return askStoreWith({ client });
}

const SUBJECTS = {
  store: (config, connectTimeout) =>
    askStoreWith({ dynamoConfig: { maxAttempts: 1, connectTimeout, ...config } }),
  client: askClient,
  adopted: askAdopted,
};

/** Puts the addresses of the server and the folder where a case has `{server}` and `{folder}`. */
function fill(value, places) {
  const text = JSON.stringify(value ?? {}, (_name, each) =>
    typeof each === 'function' ? { '{function}': each() } : each,
  ).replace(/\{(server|folder)\}/g, (_all, name) => places[name]);
  return JSON.parse(text, (_name, each) =>
    each && typeof each === 'object' && '{function}' in each
      ? async () => each['{function}']
      : each,
  );
}

function setEnvironment(env) {
  for (const name of Object.keys(process.env)) {
    if (name.startsWith('AWS_')) delete process.env[name];
  }
  Object.assign(process.env, { AWS_EC2_METADATA_DISABLED: 'true' }, env);
}

/** For the address of AWS: in that time no connection opens, and the error names the address. */
const BRIEFLY = 1;
const AMPLE = 10_000;

async function outcomeOf(ask, { options, env, files, is }, server) {
  const folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-'));
  const places = { server: server.url, folder };
  for (const [name, text] of Object.entries(fill(files, places))) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const home = { HOME: folder, USERPROFILE: folder };
  setEnvironment({ ...home, ...fill(env, places) });
  try {
    await ask(fill(options, places), is.startsWith('https:') ? BRIEFLY : AMPLE);
    const [request] = server.taken();
    return request;
  } catch (error) {
    server.taken();
    const { name, code, message } = error;
    const [address] = /https:\/\/[a-z0-9.-]+/.exec(message) ?? [];
    return { error: code ?? name, message, address };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function main(subject) {
  const server = await startServer();
  const outcomes = {};
  for (const [about, cases] of Object.entries(CASES)) {
    outcomes[about] = {};
    for (const [name, each] of Object.entries(cases)) {
      outcomes[about][name] = await outcomeOf(SUBJECTS[subject], each, server);
    }
  }
  await server.stop();
  // The SDK has timers that would hold the process for seconds.
  process.stdout.write(JSON.stringify(outcomes), () => process.exit());
}

main(process.argv[2]);

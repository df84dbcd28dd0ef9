'use strict';

/** The tables of a chaos run, as they are without proxy and faults. */

const { randomUUID } = require('node:crypto');
const {
  BatchWriteItemCommand,
  CreateTableCommand,
  DynamoDBClient,
  ScanCommand,
  waitUntilTableExists,
} = require('@aws-sdk/client-dynamodb');
const { SUBJECTS, TABLES, inspect, keysOf } = require('./subjects');

/** How many items a BatchWriteItem takes. */
const BATCH = 25;

class Tables {
  #client;
  #endpoint;
  /** The names of the tables, by their names in `TABLES`. @type {Record<string, string>} */
  names = Object.fromEntries(
    Object.keys(TABLES).map((table) => [table, `chaos-${table}-${randomUUID()}`]),
  );

  /** @param {string} endpoint */
  constructor(endpoint) {
    this.#endpoint = endpoint;
    this.#client = new DynamoDBClient(this.#connection());
  }

  #connection() {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    return { endpoint: this.#endpoint, region: 'us-east-1', credentials };
  }

  async create() {
    const client = this.#client;
    for (const [table, AttributeName] of Object.entries(TABLES)) {
      const TableName = this.names[table];
      await client.send(
        new CreateTableCommand({
          TableName,
          AttributeDefinitions: [{ AttributeName, AttributeType: 'S' }],
          KeySchema: [{ AttributeName, KeyType: 'HASH' }],
          BillingMode: 'PAY_PER_REQUEST',
        }),
      );
      await waitUntilTableExists(
        { client, minDelay: 0.05, maxDelay: 1, maxWaitTime: 60 },
        { TableName },
      );
    }
  }

  /**
   * What the tables have of sessions, as operations that end their histories.
   *
   * @param {{ subject: string, sid: string }[]} keys
   * @param {boolean} guarded whether the stores have the options for secrets and users
   * @returns {Promise<Map<string, { name: string, result: any, key?: string }>>} by the session's id
   */
  async inspect(keys, guarded) {
    const items = new Map();
    for (const table of Object.keys(TABLES)) {
      for (const item of await this.#items(table))
        items.set(`${table}/${item[TABLES[table]].S}`, item);
    }
    return new Map(
      keys.map(({ subject, sid }) => {
        const { table } = SUBJECTS[subject];
        const found = keysOf(subject, sid, guarded).filter((key) => items.has(`${table}/${key}`));
        const item = items.get(`${table}/${found[0]}`);
        const result =
          found.length > 1 ? { doubled: found } : inspect(subject, sid, item, this.names[table]);
        const name = subject === 'express' ? 'inspect' : 'read';
        return [sid, { name, result, key: found[0] }];
      }),
    );
  }

  /** What a store on the table of sessions by hand says of all of them. @param {boolean} guarded */
  async listed(guarded) {
    const store = SUBJECTS.express.open(this.names.byhand, {
      dynamoConfig: this.#connection(),
      guarded,
    });
    const [all, ids, length] = await Promise.all([store.all(), store.ids(), store.length()]);
    await store.close();
    return {
      all: all.map((/** @type {{ id: string }} */ { id }) => id).sort(),
      ids: ids.sort(),
      length,
    };
  }

  async empty() {
    for (const [table, key] of Object.entries(TABLES)) {
      const requests = (await this.#items(table)).map((item) => ({
        DeleteRequest: { Key: { [key]: item[key] } },
      }));
      while (requests.length > 0) {
        const RequestItems = { [this.names[table]]: requests.splice(0, BATCH) };
        await this.#client.send(new BatchWriteItemCommand({ RequestItems }));
      }
    }
  }

  async stop() {
    this.#client.destroy();
  }

  /** @param {string} table @returns {Promise<any[]>} */
  async #items(table) {
    const found = [];
    let ExclusiveStartKey;
    do {
      /** @type {import('@aws-sdk/client-dynamodb').ScanCommandOutput} */
      const page = await this.#client.send(
        new ScanCommand({ TableName: this.names[table], ExclusiveStartKey, ConsistentRead: true }),
      );
      found.push(...(page.Items ?? []));
      ({ LastEvaluatedKey: ExclusiveStartKey } = page);
    } while (ExclusiveStartKey);
    return found;
  }
}

module.exports = { Tables };

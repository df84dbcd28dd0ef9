'use strict';

const { once } = require('node:events');
const { json } = require('node:stream/consumers');
const { DeleteTableCommand, DynamoDBClient, ScanCommand } = require('@aws-sdk/client-dynamodb');

/** @import { AttributeValue } from '@aws-sdk/client-dynamodb' */

/**
 * Opens the DynamoDB of the demo: an embedded DynamoDB, or the one that the environment names.
 *
 * @param {{ aws: boolean, table: string, keep: boolean }} options `keep`: the table belongs to the user, and is not
 *   deleted
 */
async function openDynamo({ aws, table, keep }) {
  const ownEndpoint = process.env.DYNAMODB_ENDPOINT;
  const embedded = ownEndpoint || aws ? undefined : await startEmbedded();
  const endpoint = ownEndpoint ?? embedded?.endpoint;
  const client = new DynamoDBClient(
    endpoint && !process.env.AWS_ACCESS_KEY_ID
      ? {
          endpoint,
          region: 'us-east-1',
          credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
        }
      : { endpoint },
  );
  return {
    endpoint,
    table,
    description: embedded
      ? `embedded (dynalite, without time to live), ${endpoint}`
      : (endpoint ?? 'your AWS environment'),

    /** @returns {Promise<Array<Record<string, AttributeValue>>>} */
    async items() {
      const answer = await client.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
      return answer.Items ?? [];
    },

    /**
     * Formats an item as text. The session id is cut short, because whoever has it can use the session.
     *
     * @param {Record<string, AttributeValue>} item
     */
    show({ id, expires, type, sess }) {
      const shown = {
        id: `${id.S?.slice(0, 12)}…`,
        expires: Number(expires.N),
        type: type.S,
        sess: JSON.parse(sess.S ?? ''),
      };
      return JSON.stringify(shown, null, 2).replace(/^/gm, '  ');
    },

    async close() {
      // If the app has not created the table, the deletion fails, which does not matter.
      if (!keep) {
        await client.send(new DeleteTableCommand({ TableName: table })).catch(() => {});
      }
      client.destroy();
      await embedded?.stop();
    },
  };
}

async function startEmbedded() {
  // @ts-expect-error: dynalite has no types.
  const server = require('dynalite')({ createTableMs: 50 });
  acceptTimeToLive(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * Answers UpdateTimeToLive, which dynalite does not know: the store calls it for the table that it creates, and would
 * warn of an error. No item is deleted by this time to live.
 *
 * @param {import('node:http').Server} server
 */
function acceptTimeToLive(server) {
  const [handle] = /** @type {import('node:http').RequestListener[]} */ (
    server.listeners('request')
  );
  server.removeAllListeners('request');
  server.on('request', async (request, response) => {
    if (request.headers['x-amz-target'] !== 'DynamoDB_20120810.UpdateTimeToLive') {
      handle(request, response);
      return;
    }
    const { TimeToLiveSpecification } = /** @type {any} */ (await json(request));
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.end(JSON.stringify({ TimeToLiveSpecification }));
  });
}

module.exports = { openDynamo };

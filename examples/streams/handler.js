'use strict';

/**
 * A handler for AWS Lambda that is invoked by the DynamoDB Streams of the sessions' table: it writes a line of an audit
 * log for each session that begins or ends. `SESSION_PREFIX` (sess:) is the prefix of the store.
 */

const { readStreamRecord } = require('dynamo-session-store/streams');

const { SESSION_PREFIX = 'sess:' } = process.env;

module.exports.handler = async ({ Records }) => {
  for (const record of Records) {
    const change = readStreamRecord(record, { prefix: SESSION_PREFIX });
    if (!change || change.type === 'change') continue;
    const { type, handle, time, expires } = change;
    console.log(JSON.stringify({ event: `session.${type}`, session: handle, time, expires }));
  }
};

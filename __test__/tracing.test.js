'use strict';

/** The attributes of hosts of AWS, which no test can reach. */

const { Tracing } = require('../lib/tracing');
const { hear } = require('./support/heard');

test.each([
  ['dynamodb.eu-west-1.amazonaws.com', 'eu-west-1'],
  ['dynamodb-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
  ['123456789012.ddb.us-east-1.amazonaws.com', 'us-east-1'],
  ['vpce-1a2b.dynamodb.ap-southeast-10.vpce.amazonaws.com', 'ap-southeast-10'],
  ['dynamodb.cn-north-1.api.amazonwebservices.com.cn', 'cn-north-1'],
  ['dynamodb.example.com', undefined],
])('a request to %s has the region %s', (host, region) => {
  const heard = hear(() => undefined, ['CONNECTION']);
  const event = { kind: 'connection', change: 'open', host, took: 1 };
  new Tracing('sessions').publish([event], (_context, work) => work());
  heard.stop();
  const [message] = heard.messages('CONNECTION');
  expect(message['server.address']).toBe(host);
  expect(message['cloud.region']).toBe(region);
});

'use strict';

/** Answers that are not DynamoDB's: the endpoint is another server's, or a proxy stands before DynamoDB. */

const { DynamoDBStore } = require('..');
const { credentials, region } = require('./support/dynamodb');
const { storesOf } = require('./support/stores');
const { refusal, startStub } = require('./support/stub-dynamodb');

const { keep } = storesOf(DynamoDBStore);

let stub;
let said;
beforeAll(async () => {
  stub = await startStub(() => said);
});
afterAll(() => stub.stop());
beforeEach(() => {
  stub.calls.length = 0;
});

const SECRET = 'the words of a page';

const open = (options = {}) => {
  const dynamoConfig = { endpoint: stub.endpoint, region, ...credentials, maxAttempts: 2 };
  return keep(new DynamoDBStore({ initialized: true, dynamoConfig, ...options }));
};

/** An error, with all that it says. */
const failureOf = async (call) => {
  const error = await call.then(
    () => undefined,
    (reason) => reason,
  );
  for (let each = error; each; each = each.cause) expect(each.message).not.toContain(SECRET);
  return error;
};

const html = { 'content-type': 'text/html; charset=utf-8' };
const xml = { 'content-type': 'application/xml' };
const page = `<html>${SECRET}</html>`;

describe.each([
  ['a page in place of an answer', 200, html, page, 'text/html', true],
  ['a page of a captive portal', 302, html, page, 'text/html', true],
  ['a page that is not found', 404, html, page, 'text/html', false],
  ['an error of S3', 403, xml, `<Error>${SECRET}</Error>`, 'application/xml', false],
  ['nothing at all', 405, { 'content-type': '' }, '', undefined, false],
])('%s', (_what, status, headers, body, type, retryable) => {
  test.each([
    ['get', (store) => store.get('sid')],
    ['set', (store) => store.set('sid', { cookie: {} })],
    ['destroy', (store) => store.destroy('sid')],
    ['initialize', (store) => store.describeSessionsTable()],
  ])('is an error of %s that says so', async (_name, call) => {
    said = { status, headers, body };
    const error = await failureOf(call(open()));
    expect(error).toMatchObject({ code: 'ERR_SESSION_UNREACHABLE', retryable });
    const shown = type ? `content type ${type}` : 'no content type';
    expect(error.message).toContain(
      `the answer is not from DynamoDB: HTTP status ${status}, ${shown}. Check the endpoint`,
    );
    expect(error.message).toContain(`endpoint ${stub.endpoint}`);
    expect(stub.calls.length).toBe(retryable ? 2 : 1);
  });
});

test('an error in JSON that is not of DynamoDB asks for the endpoint, too', async () => {
  said = { status: 404, body: { error: SECRET } };
  const error = await failureOf(open().get('sid'));
  expect(error.message).toBe(
    'the answer has HTTP status 404, but no error of DynamoDB. Check the endpoint',
  );
  expect(error.$metadata.httpStatusCode).toBe(404);
});

test.each([
  ['a page of a load balancer', 503, html, page, 'content type text/html'],
  ['text of a gateway', 502, { 'content-type': 'text/plain' }, SECRET, 'content type text/plain'],
  ['an answer without a body', 504, { 'content-type': '' }, '', 'no content type'],
  ['a proxy that gives up waiting', 408, html, page, 'content type text/html'],
])('%s that cannot reach DynamoDB passes', async (_what, status, headers, body, type) => {
  said = { status, headers, body };
  const error = await failureOf(open().get('sid'));
  expect(error).toMatchObject({ code: 'ERR_SESSION_UNREACHABLE', retryable: true });
  expect(error.message).toContain(
    `the answer is not from DynamoDB: HTTP status ${status}, ${type} (`,
  );
  expect(stub.calls.length).toBe(2);
});

test('an error of DynamoDB with status 500 keeps its name', async () => {
  said = refusal('InternalServerError', 'try again', 500);
  const error = await failureOf(open().get('sid'));
  expect(error).toMatchObject({ code: 'InternalServerError', retryable: true });
});

test.each([
  ['a page', html, page],
  ['JSON', {}, { error: SECRET }],
])('status 429 is throttling, with %s', async (_what, headers, body) => {
  said = { status: 429, headers, body };
  const error = await failureOf(open().get('sid'));
  expect(error).toMatchObject({ code: 'ThrottlingException', retryable: true });
  expect(error.message).toMatch(
    /^the answer has HTTP status 429, but no error of DynamoDB(?!. Check the endpoint)/,
  );
  expect(error.$metadata.httpStatusCode).toBe(429);
  expect(stub.calls.length).toBe(2);
});

'use strict';

/**
 * A server in front of the real DynamoDB. It keeps a list of the requests and their outcomes, calls a
 * test before it forwards a request, and can lose an answer.
 */

const { startStub } = require('./stub-dynamodb');

/** The headers that DynamoDB Local asks for. */
const FORWARDED = ['authorization', 'content-type', 'x-amz-date', 'x-amz-target'];

/**
 * Starts it.
 *
 * @param {string} [endpoint] of the real one
 */
async function startProxy(endpoint = process.env.DYNAMODB_ENDPOINT) {
  /** @type {{ operation: string, body: any, status: number, error?: string }[]} */
  const answered = [];
  const hooks = {
    /**
     * Awaited before a request is forwarded. If it returns an answer, or `tear`, the request is not forwarded.
     *
     * @type {(call: any) => any}
     */
    before() {},
    /** Returns another answer than DynamoDB's. @type {(call: any, answer: any) => any} */
    changes: (_call, answer) => answer,
    /** Whether the answer to a request gets lost. @type {(call: any) => boolean} */
    loses: () => false,
  };
  const stub = await startStub(async (call) => {
    const instead = await hooks.before(call);
    if (instead === 'tear' || instead?.status) return instead;
    const headers = Object.fromEntries(FORWARDED.map((name) => [name, call.headers[name]]));
    const body = JSON.stringify(call.body);
    const answer = await fetch(String(endpoint), { method: 'POST', headers, body });
    const text = await answer.text();
    const { status } = answer;
    const error = status === 200 ? undefined : JSON.parse(text).__type.split('#').pop();
    answered.push({ operation: call.operation, body: call.body, status, error });
    if (hooks.loses(call)) return 'tear';
    const changed = status === 200 ? hooks.changes(call, JSON.parse(text)) : text;
    return { status, body: typeof changed === 'string' ? changed : JSON.stringify(changed) };
  });
  return {
    endpoint: stub.endpoint,
    hooks,
    answered,
    /** The operations since the last call of this, in their order, each with its error. */
    operations: () =>
      answered
        .splice(0)
        .map(({ operation, error }) => (error ? `${operation} ${error}` : operation)),
    stop: stub.stop,
  };
}

module.exports = { startProxy };

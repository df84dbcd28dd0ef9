'use strict';

/** Runs the command `dynamo-session-store` in this process. Tests of the process itself start `cli/main.js`. */

const { PassThrough } = require('node:stream');
const { text } = require('node:stream/consumers');
const { run } = require('../../cli/run');
const { credentials, region } = require('./dynamodb');

/** The environment of AWS that the command finds. */
const awsEnvironment = {
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_REGION: region,
};

/**
 * Runs a command line.
 *
 * @param {string} line the arguments, separated by spaces
 * @param {{ args?: string[], endpoint?: string | null, env?: object, input?: string, signal?: AbortSignal }} [options]
 *   `args`: more arguments; `endpoint`: `null`: no flag for it
 * @returns {Promise<{ code: number, out: string, errors: string, json: any, lines: any[] }>}
 */
async function command(
  line,
  { args = [], endpoint = process.env.DYNAMODB_ENDPOINT, env = {}, input = '', signal } = {},
) {
  Object.assign(process.env, awsEnvironment);
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const texts = Promise.all([text(stdout), text(stderr)]);
  stdin.end(input);
  const all = [...line.split(' ').filter(Boolean), ...args];
  if (endpoint !== null) all.push('--endpoint', endpoint);
  const code = await run(all, {
    stdin,
    stdout,
    stderr,
    env,
    signal: signal ?? new AbortController().signal,
  });
  stdout.end();
  stderr.end();
  const [out, errors] = await texts;
  return {
    code,
    out,
    errors,
    /** The result of `--json`: a document. */
    get json() {
      return JSON.parse(out);
    },
    /** The result of `--json`: a line each. */
    get lines() {
      return out
        .split('\n')
        .filter(Boolean)
        .map((each) => JSON.parse(each));
    },
  };
}

module.exports = { awsEnvironment, command };

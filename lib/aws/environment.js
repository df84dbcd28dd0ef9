'use strict';

/**
 * The environment, which the addon must not read: Node moves the variables when one is assigned, and a
 * thread that reads them meanwhile ends the process. A worker thread and the sandbox of a test have
 * variables of their own, besides.
 */

const { newEnvironment, useTrace, variableNames } = require('../native');
const { answering } = require('./credentials');

/** @import { EnvironmentCallbacks } from '../../native/binding' */

const NAMES = variableNames();

/**
 * The values of the variables that matter, at this moment.
 *
 * @returns {Array<string | undefined>}
 */
function variables() {
  return NAMES.map(variable);
}

/**
 * The value of a variable, `undefined` where it is not set or must not be read.
 *
 * @param {string} name
 */
function variable(name) {
  try {
    // Tests put an object of their own in its place, with any values.
    const value = /** @type {unknown} */ (process.env[name]);
    return value === undefined || value === null ? undefined : String(value);
  } catch {
    // Deno has a permission for each variable.
    return undefined;
  }
}

/** Whether the program is a function on AWS Lambda. */
function isOnLambda() {
  return Boolean(variable('AWS_LAMBDA_FUNCTION_NAME'));
}

/** The invocation that the addon knows of. @type {string | undefined} */
let invocation;

/**
 * Has requests that are made from now on name the invocation that Lambda has called the function for. Lambda
 * sets the variable for each invocation.
 */
function noteInvocation() {
  const current = variable('_X_AMZN_TRACE_ID');
  if (current === invocation) return;
  invocation = current;
  useTrace(current);
}

/** Whether Node was told to trust the certificate authorities of the system. */
function usesSystemCa() {
  const options = nodeOptions();
  const asked = options.includes('--use-system-ca') || options.includes('--use-openssl-ca');
  return asked || variable('NODE_USE_SYSTEM_CA') === '1';
}

/** Whether Node was told to follow the variables that name proxies. A flag comes before the variable. */
function usesEnvProxy() {
  const flags = ['--use-env-proxy', '--no-use-env-proxy'];
  const last = nodeOptions().findLast((option) => flags.includes(option));
  return last ? last === flags[0] : variable('NODE_USE_ENV_PROXY') === '1';
}

/** The options that Node was started with; those of the command line are the last. */
function nodeOptions() {
  const ofNode = variable('NODE_OPTIONS');
  return [...(ofNode ? ofNode.split(/\s+/) : []), ...process.execArgv];
}

/**
 * The credentials that the program of a `credential_process` prints.
 *
 * @param {string} command for the shell
 * @returns {Promise<any>}
 */
async function run(command) {
  const { exec } = require('node:child_process');
  /** @type {string} */
  const printed = await new Promise((resolve, reject) => {
    // Inside a sandbox, Node's own default is the environment outside.
    const child = exec(command, { env: process.env }, (error, output) => {
      // Nobody knows what is in the program's own words.
      if (error) reject(new Error(`credential_process has failed (${error.code ?? error.signal})`));
      else resolve(output);
    });
    // Calls that wait hold the process by themselves. A program that hangs must not hold it after them.
    child.unref();
    for (const pipe of [child.stdin, child.stdout, child.stderr]) {
      /** @type {import('node:net').Socket | null} */ (pipe)?.unref?.();
    }
  });
  const given = parse(printed);
  if (given?.Version !== 1) throw new Error('credential_process must print "Version": 1');
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration, AccountId } = given;
  if (new Date(Expiration).getTime() < Date.now()) {
    throw new Error('credential_process has printed credentials that have expired');
  }
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiration: Expiration,
    accountId: AccountId,
  };
}

/** @param {string} printed */
function parse(printed) {
  try {
    return JSON.parse(printed);
  } catch {
    // Without the parser's words: they quote keys.
    throw new Error('credential_process must print JSON');
  }
}

/**
 * What the addon asks for. The same for all stores: it holds none of them.
 *
 * @type {EnvironmentCallbacks}
 */
const environment = {
  number: newEnvironment(),
  variables,
  run: (command) => answering(() => run(command))(),
};

module.exports = {
  environment,
  isOnLambda,
  noteInvocation,
  usesEnvProxy,
  usesSystemCa,
  variable,
};

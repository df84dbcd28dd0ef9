'use strict';

/**
 * Reads environment variables for the addon. The addon must not read them: when JavaScript assigns a variable, the C
 * library moves the environment, and a thread that reads it at the same time crashes the process. Besides, worker
 * threads and the sandboxes of tests have their own variables.
 */

const { newEnvironment, useTrace, variableNames } = require('../native');
const { credentialsCallback } = require('./credentials');

/** @import { EnvironmentCallbacks } from '../../native/binding' */

const NAMES = variableNames();

/**
 * Returns the current values of the variables that the addon uses.
 *
 * @returns {Array<string | undefined>}
 */
function variables() {
  return NAMES.map(variable);
}

/**
 * Returns the value of a variable; `undefined` if it is not set or must not be read.
 *
 * @param {string} name
 */
function variable(name) {
  try {
    // Tests may replace `process.env` by an object whose values are not text.
    const value = /** @type {unknown} */ (process.env[name]);
    return value === undefined || value === null ? undefined : String(value);
  } catch {
    // In Deno, each variable needs a permission.
    return undefined;
  }
}

/** Whether the program runs on AWS Lambda. */
function isOnLambda() {
  return Boolean(variable('AWS_LAMBDA_FUNCTION_NAME'));
}

/** The trace id that the addon has. @type {string | undefined} */
let invocation;

/**
 * Passes the trace id of the current Lambda invocation to the addon, which adds it to later requests. Lambda sets the
 * variable for each invocation.
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

/** Whether Node was told to follow the variables that name proxies. A flag overrides the variable. */
function usesEnvProxy() {
  const flags = ['--use-env-proxy', '--no-use-env-proxy'];
  const last = nodeOptions().findLast((option) => flags.includes(option));
  return last ? last === flags[0] : variable('NODE_USE_ENV_PROXY') === '1';
}

/** Returns the options that Node was started with. The options of the command line come last. */
function nodeOptions() {
  const ofNode = variable('NODE_OPTIONS');
  return [...(ofNode ? ofNode.split(/\s+/) : []), ...process.execArgv];
}

/**
 * Runs the program of a `credential_process`, and returns the credentials that it prints.
 *
 * @param {string} command a command for the shell
 * @returns {Promise<any>}
 */
async function runCredentialProcess(command) {
  const { exec } = require('node:child_process');
  /** @type {string} */
  const printed = await new Promise((resolve, reject) => {
    // `env` is passed because Node's default ignores the variables of a test's sandbox.
    const child = exec(command, { env: process.env }, (error, output) => {
      // Without the program's output, which may contain secrets.
      if (error) reject(new Error(`credential_process has failed (${error.code ?? error.signal})`));
      else resolve(output);
    });
    // Pending calls keep the process alive. A hanging program must not keep it alive after their end.
    child.unref();
    for (const pipe of [child.stdin, child.stdout, child.stderr]) {
      /** @type {import('node:net').Socket | null} */ (pipe)?.unref?.();
    }
  });
  const output = parse(printed);
  if (output?.Version !== 1) throw new Error('credential_process must print "Version": 1');
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration, AccountId } = output;
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
    // Without the parser's message, which quotes the credentials.
    throw new Error('credential_process must print JSON');
  }
}

/**
 * The callbacks of the addon for the environment. All stores share this object, so it refers to no store.
 *
 * @type {EnvironmentCallbacks}
 */
const environment = {
  number: newEnvironment(),
  variables,
  run: (command) => credentialsCallback(() => runCredentialProcess(command))(),
};

module.exports = {
  environment,
  isOnLambda,
  noteInvocation,
  usesEnvProxy,
  usesSystemCa,
  variable,
};

'use strict';

/** The connection of a store: credentials, region, endpoint and clock. */

const { error, ok, sentence, skipped, warning } = require('./finding');

/** @import { RequestWays } from '../../native/binding' */
/** @import { Answer } from '../../lib/diagnosis' */
/** @import { Finding } from './finding' */

/** The options or the client, in a sentence. */
const GIVEN = { client: 'the client of the option "client"', options: 'the options' };

/** The kinds of credential sources, by the addon's name for the source. @type {[RegExp, string][]} */
const KINDS = [
  [/^options$/, 'options'],
  [/^provider$/, 'provider'],
  [/^the environment$/, 'environment'],
  [/container/, 'container'],
  [/instance/, 'instance'],
  [/^credential_process/, 'process'],
  [/^SSO/, 'sso'],
  [/role of AWS_ROLE_ARN/, 'web-identity'],
  [/^STS/, 'role'],
  [/^profile/, 'profile'],
];

/** If DynamoDB's clock differs by more than this, in seconds, it refuses signatures with this machine's time. */
const REFUSED = 300;

/** A smaller difference than this, in seconds, is a slow answer: the header has whole seconds. */
const UNCERTAIN = 5;

/**
 * @param {RequestWays} ways
 * @param {'client' | 'options'} origin
 * @returns {Finding}
 */
function credentials(ways, origin) {
  const check = 'credentials';
  if (ways.throughClient) {
    return skipped(
      check,
      'A client of an AWS SDK sends the requests, and has its own credentials.',
    );
  }
  const { credentialsEnd: end, credentialsFailure: failure, credentialsFrom: from = '' } = ways;
  const [, kind = 'other'] = KINDS.find(([names]) => names.test(from)) ?? [];
  const source = kind === 'provider' && origin === 'client' ? 'client' : kind;
  if (failure) {
    return error(check, sentence(failure.message), {
      advice:
        'Give the program credentials: a role of its container, function or instance, a profile, or the variables ' +
        'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. docs/CREDENTIALS.md lists all sources.',
      data: { code: failure.code },
    });
  }
  const ends = end === undefined ? undefined : new Date(end).toISOString();
  const data = { source, from, ...(ends && { ends }) };
  const until = ends ? ` They end at ${ends}, and are asked for again before.` : '';
  return ok(check, `Credentials were found: ${inWords(source, from)}.${until}`, { data });
}

/**
 * A source of credentials as a noun phrase.
 *
 * @param {string} source
 * @param {string} from the addon's name for the source
 */
function inWords(source, from) {
  switch (source) {
    case 'options':
      return 'keys in the options';
    case 'provider':
      return 'the provider in the options';
    case 'client':
      return 'those of the client of the option "client"';
    case 'environment':
      return 'the environment variables';
    case 'profile':
      return `${from} of the shared files`;
    case 'role':
    case 'sso':
    case 'web-identity':
      return from.replace(/,$/, '').replace(', asked for', ', for');
    default:
      return from;
  }
}

/**
 * @param {RequestWays} ways
 * @param {{ client: { endpoint?: string, region?: string }, origin: 'client' | 'options' }} subject
 * @returns {Finding}
 */
function region(ways, { client, origin }) {
  const check = 'region';
  const { region: name, regionFrom: from = '' } = ways;
  if (ways.throughClient) {
    if (!client.region) return skipped(check, 'The client does not tell its region.');
    return ok(check, `The region is ${client.region}, from the client.`, {
      data: { region: client.region, from: 'client' },
    });
  }
  const data = { region: name, from: from === 'options' ? origin : from };
  const sources = {
    options: GIVEN[origin],
    profile: 'the profile',
    instance: 'the metadata service of the instance',
  };
  if (from !== 'default') {
    const source = sources[/** @type {keyof typeof sources} */ (from)] ?? `the variable ${from}`;
    return ok(check, `The region is ${name}, from ${source}.`, { data });
  }
  const found = `The region is ${name}, because no option, variable or profile names another one.`;
  // With an endpoint of its own, such as DynamoDB Local, any region will do.
  if (ways.endpointFrom !== 'region') return ok(check, found, { data });
  const advice = 'Set AWS_REGION, or the region in the options.';
  return warning(check, found, { advice, data });
}

/**
 * @param {RequestWays} ways after the first request
 * @param {{ client: { endpoint?: string, region?: string }, origin: 'client' | 'options' }} subject
 * @param {Answer} answer to the first request
 * @param {number} elapsed the milliseconds of the first request
 * @returns {Finding}
 */
function endpoint(ways, { client, origin }, { failure }, elapsed) {
  const check = 'endpoint';
  const { endpointFrom: from = '', credentialsFailure } = ways;
  const address = ways.throughClient ? client.endpoint : ways.endpoint;
  const named = ways.throughClient ? 'client' : from === 'options' ? origin : from;
  const data = { endpoint: address, from: named };
  if (credentialsFailure && !hasAnswered(failure)) {
    return skipped(check, 'Without credentials, no request was sent.');
  }
  const sources = {
    client: 'the endpoint of the client',
    options: 'the endpoint in the options',
    profile: 'the endpoint in the profile',
    region: "AWS's endpoint of the region",
  };
  const source =
    sources[/** @type {keyof typeof sources} */ (named)] ?? `the endpoint in the variable ${named}`;
  const text = address ? `${source}, ${address}` : source;
  if (hasAnswered(failure)) {
    const took = Math.round(elapsed);
    const found = `DynamoDB answers at ${text}. The first request took ${took} ms.`;
    return ok(check, found, { data: { ...data, milliseconds: took } });
  }
  return error(check, `DynamoDB does not answer at ${text}: ${failure?.message}`, {
    advice:
      'Check the endpoint, the network, its proxy, and the route to DynamoDB, such as a VPC endpoint. ' +
      'docs/CREDENTIALS.md and docs/PROXY.md help.',
    data: { ...data, code: failure?.code },
  });
}

/**
 * Whether DynamoDB has answered, even if with an error.
 *
 * @param {Answer['failure']} failure
 */
function hasAnswered(failure) {
  return failure === undefined || !failure.code.startsWith('ERR_');
}

/**
 * @param {Answer} answer to the first request
 * @returns {Finding}
 */
function clock({ clockAhead: ahead }) {
  const check = 'clock';
  if (ahead === undefined) return skipped(check, "DynamoDB's time is not known.");
  const seconds = Math.round(Math.abs(ahead));
  const data = { secondsAhead: Math.round(ahead * 1000) / 1000 };
  if (seconds <= UNCERTAIN) return ok(check, "The clock agrees with DynamoDB's.", { data });
  const side = ahead > 0 ? 'behind' : 'ahead of';
  const found = `The clock of this machine is ${seconds} s ${side} DynamoDB's.`;
  const advice =
    'Synchronise the clock, for example with chrony: the ends of sessions are computed by it.';
  if (seconds <= REFUSED) return warning(check, found, { advice, data });
  const refused = `${found} DynamoDB refuses requests that are signed with this time.`;
  return error(check, refused, { advice, data });
}

module.exports = { clock, credentials, endpoint, hasAnswered, region };

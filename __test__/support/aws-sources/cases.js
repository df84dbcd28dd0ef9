'use strict';

/**
 * The sources of credentials, region and endpoint, each as a case: what the options, the environment
 * and the AWS files say, and what is used then. `docs/CREDENTIALS.md` shows the same.
 *
 * @typedef {object} Case
 * @property {Record<string, any>} [options] of `dynamoConfig`, and of a client of the SDK
 * @property {Record<string, string>} [env]
 * @property {Record<string, string>} [files] in the home folder
 * @property {string} is what is used, or the code of the error
 * @property {string} [sdk] what the SDK uses, if that is another; `fails` for an error
 * @property {RegExp} [says] what the error says
 */

/** What a case is about: the part of the request that shows which source was used. */
const CASES = {
  key: require('./credentials'),
  region: require('./region'),
  address: require('./endpoint'),
};

module.exports = { CASES };

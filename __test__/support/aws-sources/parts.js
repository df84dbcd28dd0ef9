'use strict';

/** The parts that cases are made of. `{server}` and `{folder}` become an address and a path. */

/** The region of cases that are not about one. */
const region = 'eu-central-1';

const keys = { credentials: { accessKeyId: 'KEYOFOPTIONS', secretAccessKey: 's' } };

/** For cases that are about credentials. */
const here = { endpoint: '{server}', region };

const ofEnvironment = { AWS_ACCESS_KEY_ID: 'KEYOFENVIRONMENT', AWS_SECRET_ACCESS_KEY: 's' };

const ofContainer = { AWS_CONTAINER_CREDENTIALS_FULL_URI: '{server}/container' };

const ofInstance = {
  AWS_EC2_METADATA_DISABLED: 'false',
  AWS_EC2_METADATA_SERVICE_ENDPOINT: '{server}',
};

const CONFIG = '.aws/config';
const CREDENTIALS = '.aws/credentials';

/** The section of a file. */
const section = (name, ...lines) => `[${name}]\n${lines.join('\n')}\n`;

/** The lines of a pair of keys. */
const pair = (key) => `aws_access_key_id = ${key}\naws_secret_access_key = s`;

/** A file with the keys of one profile. */
const withKeys = (name, key) => ({ [CREDENTIALS]: section(name, pair(key)) });

/** A config file that says this of the default profile. */
const ofDefault = (...lines) => ({ [CONFIG]: section('default', ...lines) });

/** A config file that says this of the profile `shop`. */
const ofShop = (...lines) => ({ [CONFIG]: section('profile shop', ...lines) });

module.exports = {
  CONFIG,
  CREDENTIALS,
  here,
  keys,
  ofContainer,
  ofDefault,
  ofEnvironment,
  ofInstance,
  ofShop,
  pair,
  region,
  section,
  withKeys,
};

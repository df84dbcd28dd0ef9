'use strict';

const { CONFIG, CREDENTIALS, keys, ofDefault, ofInstance, ofShop, section } = require('./parts');

const options = { endpoint: '{server}', ...keys };
const west = 'region = eu-west-3';
const north = 'region = eu-north-1';
const SETTINGS = 'ERR_SESSION_SETTINGS';

/** @type {Record<string, import('./cases').Case>} */
module.exports = {
  'option `region`, and `AWS_REGION`': {
    options: { ...options, region: 'ap-south-1' },
    env: { AWS_REGION: 'eu-west-1' },
    is: 'ap-south-1',
  },
  'option `region` as a function': {
    options: { ...options, region: () => 'ap-south-1' },
    is: 'ap-south-1',
  },
  '`AWS_REGION`, `AWS_DEFAULT_REGION` and the default profile': {
    options,
    env: { AWS_REGION: 'eu-west-1', AWS_DEFAULT_REGION: 'eu-west-2' },
    files: ofDefault(west),
    is: 'eu-west-1',
  },
  '`AWS_REGION`, and a profile in the options': {
    options: { ...options, profile: 'shop' },
    env: { AWS_REGION: 'eu-west-1' },
    files: ofShop(west),
    is: 'eu-west-1',
  },
  'the default profile': { options, files: ofDefault(west), is: 'eu-west-3' },
  'the default profile, and `AWS_DEFAULT_REGION`': {
    options,
    env: { AWS_DEFAULT_REGION: 'eu-west-2' },
    files: ofDefault(west),
    is: 'eu-west-3',
  },
  'a profile in the options, and the default profile': {
    options: { ...options, profile: 'shop' },
    files: { [CONFIG]: section('default', west) + section('profile shop', north) },
    is: 'eu-north-1',
  },
  'the profile of `AWS_PROFILE`, and the default profile': {
    options,
    env: { AWS_PROFILE: 'shop' },
    files: { [CONFIG]: section('default', west) + section('profile shop', north) },
    is: 'eu-north-1',
  },
  'the default profile in the file `credentials`, and in `config`': {
    options,
    files: { [CREDENTIALS]: section('default', west), ...ofDefault(north) },
    is: 'eu-west-3',
  },
  'an empty `AWS_REGION`, and the default profile': {
    options,
    env: { AWS_REGION: '' },
    files: ofDefault(west),
    is: SETTINGS,
    sdk: 'fails',
    says: /region must be .* but is ""/,
  },
  '`AWS_REGION` with a line break at its end': {
    options,
    env: { AWS_REGION: 'eu-west-1\n' },
    is: SETTINGS,
    sdk: 'fails',
    says: /region must be .* but is "eu-west-1\\n"/,
  },
  'option `region` that is none': {
    options: { ...options, region: 'eu west 1' },
    is: SETTINGS,
    sdk: 'fails',
    says: /region must be .* but is "eu west 1"/,
  },
  'only `AWS_DEFAULT_REGION`': {
    options,
    env: { AWS_DEFAULT_REGION: 'eu-west-2' },
    is: 'eu-west-2',
    sdk: 'fails',
  },
  'only the `source_profile` of the profile': {
    options: { ...options, profile: 'shop' },
    files: {
      [CONFIG]:
        section(
          'profile shop',
          'role_arn = arn:aws:iam::123456789012:role/shop',
          'source_profile = base',
        ) + section('profile base', north),
    },
    is: 'eu-north-1',
    sdk: 'fails',
  },
  'only the default profile, and another in the options': {
    options: { ...options, profile: 'shop' },
    files: { [CONFIG]: section('default', west) + section('profile shop', 'output = json') },
    is: 'us-east-1',
    sdk: 'fails',
  },
  'only the instance, without an option `endpoint`': {
    options: keys,
    env: { ...ofInstance, AWS_ENDPOINT_URL: '{server}' },
    is: 'eu-south-1',
    sdk: 'fails',
  },
  'only the instance, with an option `endpoint`': {
    options,
    env: ofInstance,
    is: 'us-east-1',
    sdk: 'fails',
  },
  nothing: { options, is: 'us-east-1', sdk: 'fails' },
};

'use strict';

const { CREDENTIALS, CONFIG, keys, ofDefault, ofShop, region, section } = require('./parts');

const options = { region, ...keys };
const ofAws = 'https://dynamodb.eu-central-1.amazonaws.com';
const url = (name) => `endpoint_url = {server}/${name}`;
const services = (service) =>
  section('services own', `${service} =`, '  endpoint_url = {server}/services');
const withServices = (service) => ({
  [CONFIG]: section('default', 'services = own', url('profile')) + services(service),
});
const all = { AWS_ENDPOINT_URL: '{server}/all' };
const ignore = { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true' };

/** @type {Record<string, import('./cases').Case>} */
module.exports = {
  'option `endpoint`, `AWS_ENDPOINT_URL_DYNAMODB` and `AWS_ENDPOINT_URL`': {
    options: { ...options, endpoint: '{server}/option' },
    env: { ...all, AWS_ENDPOINT_URL_DYNAMODB: '{server}/dynamodb' },
    is: '/option',
  },
  'option `endpoint`, and `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`': {
    options: { ...options, endpoint: '{server}/option' },
    env: ignore,
    is: '/option',
  },
  'option `endpoint` as a function': {
    options: { ...options, endpoint: () => '{server}/function' },
    is: '/function',
  },
  '`AWS_ENDPOINT_URL_DYNAMODB`, and `AWS_ENDPOINT_URL`': {
    options,
    env: { ...all, AWS_ENDPOINT_URL_DYNAMODB: '{server}/dynamodb' },
    is: '/dynamodb',
  },
  '`AWS_ENDPOINT_URL`': { options, env: all, is: '/all' },
  '`AWS_ENDPOINT_URL`, and `endpoint_url` of the profile': {
    options,
    env: all,
    files: ofDefault(url('profile')),
    is: '/all',
  },
  '`AWS_ENDPOINT_URL`, and the `services` section of the profile': {
    options,
    env: all,
    files: withServices('dynamodb'),
    is: '/all',
  },
  'the `services` section of the profile, and its `endpoint_url`': {
    options,
    files: withServices('dynamodb'),
    is: '/services',
  },
  'a `services` section for another service, and `endpoint_url` of the profile': {
    options,
    files: withServices('s3'),
    is: '/profile',
  },
  '`endpoint_url` of the default profile': {
    options,
    files: ofDefault(url('profile')),
    is: '/profile',
  },
  '`endpoint_url` of the default profile, in the file `credentials`': {
    options,
    files: { [CREDENTIALS]: section('default', url('profile')) },
    is: '/profile',
  },
  '`endpoint_url` of the profile of `AWS_PROFILE`': {
    options,
    env: { AWS_PROFILE: 'shop' },
    files: ofShop(url('profile')),
    is: '/profile',
  },
  '`endpoint_url` of the profile in the options': {
    options: { ...options, profile: 'shop' },
    files: ofShop(url('profile')),
    is: '/profile',
    sdk: ofAws,
  },
  '`AWS_ENDPOINT_URL`, and option `ignoreConfiguredEndpointUrls`': {
    options: { ...options, ignoreConfiguredEndpointUrls: true },
    env: all,
    is: ofAws,
  },
  '`AWS_ENDPOINT_URL`, and `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`': {
    options,
    env: { ...all, ...ignore },
    is: ofAws,
  },
  '`AWS_ENDPOINT_URL_DYNAMODB`, and `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`': {
    options,
    env: { AWS_ENDPOINT_URL_DYNAMODB: '{server}/dynamodb', ...ignore },
    is: ofAws,
  },
  '`endpoint_url` of the profile, and `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`': {
    options,
    env: ignore,
    files: ofDefault(url('profile')),
    is: ofAws,
  },
  '`AWS_ENDPOINT_URL`, and `ignore_configured_endpoint_urls` of the profile': {
    options,
    env: all,
    files: ofDefault('ignore_configured_endpoint_urls = true'),
    is: ofAws,
  },
  'an empty `AWS_ENDPOINT_URL`': { options, env: { AWS_ENDPOINT_URL: '' }, is: ofAws },
  '`AWS_ENDPOINT_URL` that is no URL': {
    options,
    env: { AWS_ENDPOINT_URL: 'not a url' },
    is: 'ERR_SESSION_SETTINGS',
    sdk: 'fails',
    says: /AWS_ENDPOINT_URL must be an http or https URL/,
  },
  'only the region': { options, is: ofAws },
  'the region, and `AWS_USE_FIPS_ENDPOINT`': {
    options: { ...options, region: 'us-east-1' },
    env: { AWS_USE_FIPS_ENDPOINT: 'true' },
    is: 'https://dynamodb-fips.us-east-1.amazonaws.com',
  },
  'the region, option `useFipsEndpoint: false` and `AWS_USE_FIPS_ENDPOINT`': {
    options: { ...options, region: 'us-east-1', useFipsEndpoint: false },
    env: { AWS_USE_FIPS_ENDPOINT: 'true' },
    is: 'https://dynamodb.us-east-1.amazonaws.com',
  },
  'the region, and `use_fips_endpoint` of the profile': {
    options: { ...options, region: 'us-east-1' },
    files: ofDefault('use_fips_endpoint = true'),
    is: 'https://dynamodb-fips.us-east-1.amazonaws.com',
  },
  'the region `fips-us-east-1`': {
    options: { ...options, region: 'fips-us-east-1' },
    is: 'https://dynamodb-fips.us-east-1.amazonaws.com',
  },
  'the region `fips-us-east-1`, and option `endpoint`': {
    options: { ...options, region: 'fips-us-east-1', endpoint: '{server}' },
    is: 'ERR_SESSION_SETTINGS',
    sdk: 'fails',
    says: /FIPS and custom endpoint are not supported/,
  },
  'the region, and `AWS_USE_DUALSTACK_ENDPOINT`': {
    options: { ...options, region: 'us-east-1' },
    env: { AWS_USE_DUALSTACK_ENDPOINT: 'true' },
    is: 'https://dynamodb.us-east-1.api.aws',
  },
  'the region, and `use_dualstack_endpoint` of the profile': {
    options: { ...options, region: 'us-east-1' },
    files: ofDefault('use_dualstack_endpoint = true'),
    is: 'https://dynamodb.us-east-1.api.aws',
  },
};

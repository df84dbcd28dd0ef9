'use strict';

const { createHash } = require('node:crypto');
const {
  CONFIG,
  CREDENTIALS,
  here,
  ofContainer,
  ofDefault,
  ofEnvironment,
  ofInstance,
  ofShop,
  keys,
  pair,
  region,
  section,
  withKeys,
} = require('./parts');

const options = here;
const shop = { ...here, profile: 'shop' };
const FAILS = { is: 'ERR_SESSION_CREDENTIALS', sdk: 'fails' };

/** A profile that has a program give keys, and the program. */
const byProcess = (name, script, ...lines) => ({
  [CONFIG]: section(
    name,
    `credential_process = "${process.execPath}" "{folder}/give.js"`,
    ...lines,
  ),
  'give.js': script,
});
const give = (key) =>
  `console.log('${JSON.stringify({ Version: 1, AccessKeyId: key, SecretAccessKey: 's' })}')`;

const role = 'role_arn = arn:aws:iam::123456789012:role/shop';
const sts = { AWS_ENDPOINT_URL_STS: '{server}', AWS_REGION: region };
const token = { token: 'TOKEN' };
const webIdentity = {
  ...sts,
  AWS_WEB_IDENTITY_TOKEN_FILE: '{folder}/token',
  AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/shop',
};

const sso = { AWS_ENDPOINT_URL_SSO: '{server}' };
const start = ['sso_start_url = https://shop.awsapps.com/start', `sso_region = ${region}`];
const account = ['sso_account_id = 123456789012', 'sso_role_name = SHOP'];
const ofSession = {
  [CONFIG]:
    section('profile shop', 'sso_session = corp', ...account) +
    section('sso-session corp', ...start),
};
/** Where `aws sso login` leaves its token, and the token. */
const login = (name) => ({
  [`.aws/sso/cache/${createHash('sha1').update(name).digest('hex')}.json`]: JSON.stringify({
    accessToken: 'ACCESSTOKEN',
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    startUrl: 'https://shop.awsapps.com/start',
    region,
  }),
});

/** @type {Record<string, import('./cases').Case>} */
module.exports = {
  'keys in the options, and in the environment': {
    options: { ...options, ...keys },
    env: ofEnvironment,
    is: 'KEYOFOPTIONS',
  },
  'keys and a profile in the options': {
    options: { ...shop, ...keys },
    files: withKeys('shop', 'KEYOFSHOP'),
    is: 'KEYOFOPTIONS',
  },
  'a provider function in the options, and keys in the environment': {
    options: {
      ...options,
      credentials: () => ({ accessKeyId: 'KEYOFPROVIDER', secretAccessKey: 's' }),
    },
    env: ofEnvironment,
    is: 'KEYOFPROVIDER',
  },
  'a profile in the options, and keys in the environment': {
    options: shop,
    env: ofEnvironment,
    files: withKeys('shop', 'KEYOFSHOP'),
    is: 'KEYOFSHOP',
  },
  'a profile in the options, and another in `AWS_PROFILE`': {
    options: shop,
    env: { AWS_PROFILE: 'other' },
    files: { [CREDENTIALS]: section('shop', pair('KEYOFSHOP')) + section('other', pair('OTHER')) },
    is: 'KEYOFSHOP',
  },
  'a profile in `AWS_PROFILE`, and keys in the environment': {
    options,
    env: { ...ofEnvironment, AWS_PROFILE: 'shop' },
    files: withKeys('shop', 'KEYOFSHOP'),
    is: 'KEYOFSHOP',
  },
  'an empty `AWS_PROFILE`, and keys in the environment': {
    options,
    env: { ...ofEnvironment, AWS_PROFILE: '' },
    is: 'KEYOFENVIRONMENT',
  },
  '`AWS_DEFAULT_PROFILE`, and the default profile': {
    options,
    env: { AWS_DEFAULT_PROFILE: 'shop' },
    files: {
      [CREDENTIALS]: section('shop', pair('KEYOFSHOP')) + section('default', pair('KEYOFDEFAULT')),
    },
    is: 'KEYOFDEFAULT',
  },
  'keys in the environment, and the default profile': {
    options,
    env: { ...ofEnvironment, AWS_SESSION_TOKEN: 'TOKENOFENVIRONMENT' },
    files: withKeys('default', 'KEYOFDEFAULT'),
    is: 'KEYOFENVIRONMENT',
  },
  'a key without a secret in the environment, and the default profile': {
    options,
    env: { AWS_ACCESS_KEY_ID: 'KEYOFENVIRONMENT' },
    files: withKeys('default', 'KEYOFDEFAULT'),
    is: 'KEYOFDEFAULT',
  },
  'empty keys in the environment, and the default profile': {
    options,
    env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
    files: withKeys('default', 'KEYOFDEFAULT'),
    is: 'KEYOFDEFAULT',
  },
  'a profile in the options that is not there, and keys in the environment': {
    options: { ...options, profile: 'shpo' },
    env: ofEnvironment,
    files: withKeys('shop', 'KEYOFSHOP'),
    ...FAILS,
    says: /profile "shpo" is not in the AWS files/,
  },
  'a profile in the options that is not there, and no AWS files': {
    options: { ...options, profile: 'shpo' },
    env: ofEnvironment,
    ...FAILS,
    says: /profile "shpo" is not in the AWS files/,
  },
  'a profile in the options without credentials, and keys in the environment': {
    options: shop,
    env: ofEnvironment,
    files: ofShop('region = eu-west-3'),
    ...FAILS,
    says: /profile "shop" has no credentials/,
  },
  'a profile in the options that is not there, and the container': {
    options: { ...options, profile: 'shpo' },
    env: ofContainer,
    files: withKeys('shop', 'KEYOFSHOP'),
    is: 'ERR_SESSION_CREDENTIALS',
    sdk: 'KEYOFCONTAINER',
    says: /profile "shpo" is not in the AWS files/,
  },
  'a profile in `AWS_PROFILE` that is not there, and keys in the environment': {
    options,
    env: { ...ofEnvironment, AWS_PROFILE: 'shpo' },
    files: withKeys('shop', 'KEYOFSHOP'),
    ...FAILS,
    says: /profile "shpo" is not in the AWS files/,
  },
  'a profile in `AWS_PROFILE` that is not there, and the container': {
    options,
    env: { ...ofContainer, AWS_PROFILE: 'shpo' },
    is: 'KEYOFCONTAINER',
  },
  'a profile in `AWS_PROFILE` without credentials, and the container': {
    options,
    env: { ...ofContainer, AWS_PROFILE: 'shop' },
    files: ofShop('region = eu-west-3'),
    is: 'KEYOFCONTAINER',
  },
  'a profile in the file `config`': { options: shop, files: ofShop(pair('KEY')), is: 'KEY' },
  'a section of the file `config` without the word `profile`': {
    options: shop,
    files: { [CONFIG]: section('shop', pair('KEYOFSHOP')) },
    ...FAILS,
    says: /profile "shop" is not in the AWS files/,
  },
  'a profile in both files': {
    options: shop,
    files: { ...ofShop(pair('KEYOFCONFIG')), ...withKeys('shop', 'KEYOFCREDENTIALS') },
    is: 'KEYOFCREDENTIALS',
  },
  'the file that `AWS_SHARED_CREDENTIALS_FILE` names': {
    options,
    env: { AWS_SHARED_CREDENTIALS_FILE: '{folder}/mine' },
    files: { mine: section('default', pair('KEYOFMINE')) },
    is: 'KEYOFMINE',
  },
  'the file that `AWS_CONFIG_FILE` names': {
    options,
    env: { AWS_CONFIG_FILE: '~/mine' },
    files: { mine: section('default', pair('KEYOFMINE')) },
    is: 'KEYOFMINE',
  },
  '`credential_process` of the default profile': {
    options,
    files: byProcess('default', give('KEYOFPROCESS')),
    is: 'KEYOFPROCESS',
  },
  '`credential_process` of a profile in the options, and keys in the environment': {
    options: shop,
    env: ofEnvironment,
    files: byProcess('profile shop', give('KEYOFPROCESS')),
    is: 'KEYOFPROCESS',
  },
  '`credential_process` and keys in one profile': {
    options: shop,
    files: byProcess('profile shop', give('KEYOFPROCESS'), pair('KEYOFSHOP')),
    is: 'KEYOFSHOP',
  },
  '`credential_process` that fails': {
    options: shop,
    files: byProcess('profile shop', 'console.error("SECRET"); process.exit(2)'),
    ...FAILS,
    says: /profile "shop": (?!.*SECRET)/s,
  },
  '`credential_process` that gives a key with a line break': {
    options,
    files: byProcess('default', give('KEY\\n')),
    ...FAILS,
    says: /line break/,
  },
  '`role_arn` with `source_profile`': {
    options: shop,
    env: sts,
    files: {
      [CONFIG]:
        section('profile shop', role, 'source_profile = base') +
        section('profile base', pair('BASE')),
    },
    is: 'KEYOFROLEBYBASE',
  },
  '`role_arn` with `credential_source = Environment`': {
    options: shop,
    env: { ...sts, ...ofEnvironment },
    files: ofShop(role, 'credential_source = Environment'),
    is: 'KEYOFROLEBYKEYOFENVIRONMENT',
  },
  'the same, and a key with a line break': {
    options: shop,
    env: { ...sts, ...ofEnvironment, AWS_ACCESS_KEY_ID: 'KEY\n' },
    files: ofShop(role, 'credential_source = Environment'),
    ...FAILS,
    says: /line break/,
  },
  '`role_arn` with `credential_source = EcsContainer`': {
    options: shop,
    env: { ...sts, ...ofContainer },
    files: ofShop(role, 'credential_source = EcsContainer'),
    is: 'KEYOFROLEBYKEYOFCONTAINER',
  },
  '`role_arn` with `credential_source = Ec2InstanceMetadata`': {
    options: shop,
    env: { ...sts, ...ofInstance },
    files: ofShop(role, 'credential_source = Ec2InstanceMetadata'),
    is: 'KEYOFROLEBYKEYOFINSTANCE',
  },
  '`role_arn` with `web_identity_token_file`': {
    options: shop,
    env: sts,
    files: { ...token, ...ofShop(role, 'web_identity_token_file = {folder}/token') },
    is: 'KEYOFWEBIDENTITY',
  },
  '`AWS_WEB_IDENTITY_TOKEN_FILE`': {
    options,
    env: webIdentity,
    files: token,
    is: 'KEYOFWEBIDENTITY',
  },
  '`AWS_WEB_IDENTITY_TOKEN_FILE`, and keys in the environment': {
    options,
    env: { ...webIdentity, ...ofEnvironment },
    files: token,
    is: 'KEYOFENVIRONMENT',
  },
  '`AWS_WEB_IDENTITY_TOKEN_FILE`, and the default profile': {
    options,
    env: webIdentity,
    files: { ...token, ...withKeys('default', 'KEYOFDEFAULT') },
    is: 'KEYOFDEFAULT',
  },
  '`AWS_WEB_IDENTITY_TOKEN_FILE`, and the container': {
    options,
    env: { ...webIdentity, ...ofContainer },
    files: token,
    is: 'KEYOFWEBIDENTITY',
  },
  '`AWS_WEB_IDENTITY_TOKEN_FILE`, and a profile in `AWS_PROFILE` that is not there': {
    options,
    env: { ...webIdentity, AWS_PROFILE: 'shpo' },
    files: token,
    is: 'KEYOFWEBIDENTITY',
  },
  'SSO, after a login': {
    options: shop,
    env: sso,
    files: {
      ...ofShop(...start, ...account),
      ...login('https://shop.awsapps.com/start'),
    },
    is: 'KEYOFSSOSHOP',
  },
  'SSO with an `sso-session`, after a login': {
    options: shop,
    env: sso,
    files: { ...ofSession, ...login('corp') },
    is: 'KEYOFSSOSHOP',
  },
  'SSO without a login': {
    options: shop,
    env: sso,
    files: ofSession,
    ...FAILS,
    says: /profile "shop": .*SSO token/,
  },
  'the container': { options, env: ofContainer, is: 'KEYOFCONTAINER' },
  'the container, with `AWS_CONTAINER_AUTHORIZATION_TOKEN`': {
    options,
    env: { ...ofContainer, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'BYTOKEN' },
    is: 'KEYOFCONTAINERBYTOKEN',
  },
  'the container, with `AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` (EKS)': {
    options,
    env: { ...ofContainer, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '{folder}/token' },
    files: { token: 'BYFILE' },
    is: 'KEYOFCONTAINERBYFILE',
  },
  'the container, and the default profile': {
    options,
    env: ofContainer,
    files: withKeys('default', 'KEYOFDEFAULT'),
    is: 'KEYOFDEFAULT',
  },
  'the container, and the instance': {
    options,
    env: { ...ofContainer, ...ofInstance },
    is: 'KEYOFCONTAINER',
  },
  'a container whose address is plain HTTP and not of this machine': {
    options,
    env: { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://192.0.2.1/container' },
    ...FAILS,
  },
  'the instance': { options, env: ofInstance, is: 'KEYOFINSTANCE' },
  'the instance, and `AWS_EC2_METADATA_DISABLED`': {
    options,
    env: { ...ofInstance, AWS_EC2_METADATA_DISABLED: 'true' },
    ...FAILS,
  },
  'the default profile in `config` that says nothing of credentials': {
    options,
    files: ofDefault('output = json'),
    ...FAILS,
  },
  nothing: { options, ...FAILS },
};

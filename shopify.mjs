// Not a wrapper of shopify.js: what is loaded must be a Session of the module system of the app.
import './lib/node-version.js';
import { Session } from '@shopify/shopify-api';
import errors from './lib/errors.js';
import shopify from './lib/shopify.js';

export const DynamoDBSessionStorage = shopify.storageClass(() => Session);
export const { SessionStoreError } = errors;
export const { CHANNELS } = shopify;

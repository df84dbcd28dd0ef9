export * from './shopify.js';

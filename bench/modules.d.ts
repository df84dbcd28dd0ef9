/** Packages without types, or that a checkout without the dependencies of the benchmark has not. */
declare module 'connect-dynamodb';
declare module 'connect-redis';
declare module 'dynamo-session-store';
declare module 'dynamo-session-store/koa';
declare module 'dynamo-session-store/shopify';
declare module 'dynamodb-store';
declare module 'koa-session-dynamodb-store';
declare module 'markdown-table';
declare module 'redis';
declare module 'supertest';

/**
 * A login and a count of visits with NestJS, kept in DynamoDB. README.md says how to start it.
 * `PORT` (3000), `SESSION_TABLE` (sessions) and `SESSION_SECRET` can be set.
 */

import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { DynamoDBStore } from 'dynamo-session-store';
import session from 'express-session';
import { AppModule } from './app.module.js';

const { SESSION_TABLE, SESSION_SECRET, PORT = '3000' } = process.env;

async function main() {
  const store = new DynamoDBStore({ table: SESSION_TABLE, payPerRequest: true });
  store.on('warning', ({ code, message }) => console.error(`store warning: ${code}: ${message}`));

  const logger = ['error' as const, 'warn' as const];
  const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger });
  app.use(
    session({
      store,
      secret: SESSION_SECRET ?? 'keyboard cat',
      resave: false,
      saveUninitialized: false,
      cookie: { maxAge: 3_600_000, sameSite: 'lax', secure: 'auto' },
    }),
  );
  await app.listen(Number(PORT), '127.0.0.1');
  console.log(`listening on ${await app.getUrl()}`);

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, async () => {
      await app.close();
      await store.close();
    });
  }
}

main();

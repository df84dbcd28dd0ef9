import { DynamoDBStore } from 'dynamo-session-store/koa';

export const dynamic = 'force-dynamic';

let store;

export async function GET() {
  if (!store) {
    store = new DynamoDBStore({
      table: { name: process.env.SESSION_TABLE },
      dynamoConfig: {
        endpoint: process.env.DYNAMODB_ENDPOINT,
        region: 'us-east-1',
        credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      },
    });
    await store.createTableIfDontExists();
  }
  const { visits = 0 } = (await store.get('a-session')) ?? {};
  await store.set('a-session', { visits: visits + 1 }, 60_000);
  return Response.json(visits + 1);
}

/** What the benchmark uses of aws-sdk v2. */
export class DynamoDB {
  constructor(options: { endpoint: string; region: string; credentials: object });
  putItem(item: object): { promise(): Promise<unknown> };
}

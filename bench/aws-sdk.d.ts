/** What the benchmark uses of aws-sdk v2. */
export const DynamoDB: new (options: object) => any;

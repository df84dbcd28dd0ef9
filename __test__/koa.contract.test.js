'use strict';

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const DynamoDBStore = require('../koa');
const { describeStoreContract } = require('./support/contract');
const { getItem } = require('./support/dynamodb');
const { dropsProto, ways } = require('./support/ways');

for (const [way, connection] of Object.entries(ways)) {
  describeStoreContract(`Koa, ${way},`, {
    hashKey: 'sessionId',
    dropsProto: dropsProto(way),
    refusedAs: 'ERR_SESSION_VALUE',
    open(name, { endpoint = process.env.DYNAMODB_ENDPOINT, timeout, create = false } = {}) {
      const store = new DynamoDBStore({
        table: { name, autoCreate: create },
        operationTimeout: timeout,
        ...connection(endpoint),
      });
      return {
        load: (sid) => store.get(sid, 86_400_000, { ctx: {}, rolling: false }),
        save: (sid, data, maxAge) => store.set(sid, data, maxAge, { changed: true, ctx: {} }),
        destroy: (sid) => store.destroy(sid, { ctx: {} }),
        close: () => store.close(),
      };
    },
    async expires(table, sid) {
      return Number((await getItem(table, sid, 'sessionId')).expires.N);
    },
  });
}

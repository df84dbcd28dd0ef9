'use strict';

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const DynamoDBStore = require('../koa');
const { describeStoreContract } = require('./support/contract');
const { getItem } = require('./support/dynamodb');
const { hashOf } = require('./support/hashed-ids');
const { waysWithOptions, web } = require('./support/option-sets');
const { dropsProto, isCalled, ways } = require('./support/ways');

for (const { name: how, way, connection, options } of waysWithOptions(ways, web)) {
  describeStoreContract(`Koa, ${how},`, {
    hashKey: 'sessionId',
    isCalled: isCalled(way),
    dropsProto: dropsProto(way) && !options.encryption,
    refusedAs: 'ERR_SESSION_VALUE',
    open(name, { endpoint = process.env.DYNAMODB_ENDPOINT, timeout, create = false } = {}) {
      const store = new DynamoDBStore({
        table: { name, autoCreate: create },
        operationTimeout: timeout,
        ...connection(endpoint),
        ...options,
      });
      return {
        load: (sid) => store.get(sid, 86_400_000, { ctx: {}, rolling: false }),
        save: (sid, data, maxAge) => store.set(sid, data, maxAge, { changed: true, ctx: {} }),
        destroy: (sid) => store.destroy(sid, { ctx: {} }),
        close: () => store.close(),
        sessions: (how) => store.sessions(how),
      };
    },
    async expires(table, sid) {
      const id = options.hashIds ? hashOf(sid) : sid;
      return Number((await getItem(table, id, 'sessionId')).expires.N);
    },
  });
}

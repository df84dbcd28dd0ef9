'use strict';

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

const session = require('express-session');
const connect = require('..');
const { describeStoreContract } = require('./support/contract');
const { getItem } = require('./support/dynamodb');
const { hashOf } = require('./support/hashed-ids');
const { waysWithOptions, web } = require('./support/option-sets');
const { isCalled, ways } = require('./support/ways');

const DynamoDBStore = connect(session);

for (const { name, way, connection, options } of waysWithOptions(ways, web)) {
  describeStoreContract(`Express, ${name},`, {
    hashKey: 'id',
    isCalled: isCalled(way),
    open(table, { endpoint = process.env.DYNAMODB_ENDPOINT, timeout, create = false } = {}) {
      const store = new DynamoDBStore({
        table,
        initialized: !create,
        operationTimeout: timeout,
        ...connection(endpoint),
        ...options,
      });
      return {
        async load(sid) {
          return (await store.get(sid)) ?? undefined;
        },
        save: (sid, data, maxAge) => store.set(sid, Object.assign(data, { cookie: { maxAge } })),
        destroy: (sid) => store.destroy(sid),
        close: () => store.close(),
        sessions: (how) => store.sessions(how),
      };
    },
    async expires(table, sid) {
      const id = options.hashIds ? hashOf(sid) : sid;
      return Number((await getItem(table, `sess:${id}`)).expires.N);
    },
  });
}

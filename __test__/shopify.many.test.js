'use strict';

/** Many Shopify sessions at once: defects D20, finding those of a shop, and D21, deleting them. */

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';

require('@shopify/shopify-api/adapters/node');
const { Session } = require('@shopify/shopify-api');
const { items } = require('./support/dynamodb');
const { newStorage, newStorageAndTable, newStubbed, offline, shop } = require('./support/shopify');
const { refusal } = require('./support/stub-dynamodb');

describe('D20: the sessions of a shop', () => {
  test('are found among those of others', async () => {
    const storage = await newStorage();
    const sessions = ['one', 'two'].flatMap((name) =>
      ['a', 'b'].map((id) => offline({ id: `${name}-${id}`, shop: name })),
    );
    await Promise.all(sessions.map((session) => storage.storeSession(session)));
    const found = await storage.findSessionsByShop('one');
    expect(found.map(({ id }) => id).sort()).toEqual(['one-a', 'one-b']);
    expect(found[0]).toBeInstanceOf(Session);
    expect(await storage.findSessionsByShop('three')).toEqual([]);
  });

  test('are read in 11 requests where they are 1,000', async () => {
    const { storage, table } = await newStorageAndTable();
    const ids = Array.from({ length: 1000 }, (_, index) => `sid-${index}`);
    for (let from = 0; from < ids.length; from += 50) {
      const part = ids.slice(from, from + 50);
      await Promise.all(part.map((id) => storage.storeSession(offline({ id }))));
    }
    const found = await storage.findSessionsByShop(shop);
    expect(found.map(({ id }) => id).sort()).toEqual([...ids].sort());

    // What is sent, counted by a stub that knows the same ids.
    const { stub, store } = await newStubbed(
      ({ operation, body }) => {
        if (operation === 'Query') return { body: { Items: ids.map((id) => ({ id: { S: id } })) } };
        const { Keys } = body.RequestItems[table];
        return {
          body: { Responses: { [table]: Keys.map((key) => ({ ...key, shop: { S: shop } })) } },
        };
      },
      { sessionTableName: table },
    );
    expect((await store.findSessionsByShop(shop)).map(({ id }) => id)).toEqual(ids);
    expect(stub.count('Query')).toBe(1);
    expect(stub.count('BatchGetItem')).toBe(10);
    expect(stub.calls).toHaveLength(11);
  });

  test('are read from every page of the index, and what is left unprocessed is read again', async () => {
    let left = true;
    const { stub, store } = await newStubbed(({ operation, body }) => {
      if (operation === 'Query') {
        const page = body.ExclusiveStartKey ? 2 : 1;
        return {
          body: {
            Items: [{ id: { S: `sid-${page}` } }],
            LastEvaluatedKey: page === 1 ? { id: { S: 'sid-1' }, shop: { S: shop } } : undefined,
          },
        };
      }
      const { Keys } = body.RequestItems.shopify_sessions;
      const done = left ? Keys.slice(0, 1) : Keys;
      const rest = left ? Keys.slice(1) : [];
      left = false;
      return {
        body: {
          Responses: { shopify_sessions: done.map((key) => ({ ...key, shop: { S: shop } })) },
          UnprocessedKeys: rest.length > 0 ? { shopify_sessions: { Keys: rest } } : {},
        },
      };
    });
    const found = await store.findSessionsByShop(shop);
    expect(found.map(({ id }) => id)).toEqual(['sid-1', 'sid-2']);
    expect(stub.count('Query')).toBe(2);
    expect(stub.count('BatchGetItem')).toBe(2);
  });

  test('that are deleted between index and read are left out', async () => {
    const { store } = await newStubbed(({ operation }) =>
      operation === 'Query' ? { body: { Items: [{ id: { S: 'gone' } }] } } : {},
    );
    expect(await store.findSessionsByShop(shop)).toEqual([]);
  });

  test('are read one by one where the policy has no BatchGetItem', async () => {
    const { stub, store } = await newStubbed(({ operation, body }) => {
      if (operation === 'Query')
        return { body: { Items: [{ id: { S: 'a' } }, { id: { S: 'b' } }] } };
      if (operation === 'BatchGetItem') return refusal('AccessDeniedException');
      return { body: { Item: { ...body.Key, shop: { S: shop } } } };
    });
    expect((await store.findSessionsByShop(shop)).map(({ id }) => id)).toEqual(['a', 'b']);
    expect(stub.count('GetItem')).toBe(2);
  });

  test.each([undefined, '', 5])('cannot be those of %p', async (bad) => {
    const storage = await newStorage();
    await expect(storage.findSessionsByShop(bad)).rejects.toMatchObject({ name: 'TypeError' });
  });
});

describe('D21: deleting many', () => {
  test.each([0, 1, 60])('%p sessions', async (count) => {
    const { storage, table } = await newStorageAndTable();
    const ids = Array.from({ length: count }, (_, index) => `sid-${index}`);
    await Promise.all([...ids, 'kept'].map((id) => storage.storeSession(offline({ id }))));
    expect(await storage.deleteSessions([...ids, ...ids.slice(0, 3), 'never there'])).toBe(true);
    expect(Object.keys(await items(table))).toEqual(['kept']);
  });

  test('goes in batches of 25, each id once, and what is left unprocessed again', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `sid-${index}`);
    const deleted = [];
    let left = true;
    const { stub, store } = await newStubbed(({ body }) => {
      const requests = body.RequestItems.shopify_sessions;
      const rest = left ? requests.splice(5) : [];
      left = false;
      deleted.push(...requests.map(({ DeleteRequest }) => DeleteRequest.Key.id.S));
      return { body: { UnprocessedItems: rest.length > 0 ? { shopify_sessions: rest } : {} } };
    });
    expect(await store.deleteSessions([...ids, ...ids])).toBe(true);
    expect(deleted.sort()).toEqual([...ids].sort());
    expect(stub.count('BatchWriteItem')).toBe(4);
  });

  test('goes one by one where the policy has no BatchWriteItem', async () => {
    const { stub, store } = await newStubbed(({ operation }) =>
      operation === 'BatchWriteItem' ? refusal('AccessDeniedException') : {},
    );
    expect(await store.deleteSessions(['a', 'b', 'a'])).toBe(true);
    expect(stub.count('DeleteItem')).toBe(2);
  });

  test('that fails is an error', async () => {
    const { store } = await newStubbed(() => refusal('ResourceNotFoundException'));
    const error = { code: 'ResourceNotFoundException' };
    await expect(store.deleteSessions(['a'])).rejects.toMatchObject(error);
    await expect(store.deleteSessions('a')).rejects.toMatchObject({ name: 'TypeError' });
    await expect(store.deleteSessions([''])).rejects.toMatchObject({ name: 'TypeError' });
  });
});

import { expectError, expectType } from 'tsd';
import { readStreamRecord, type SessionChange } from '../../streams';

const record = { eventName: 'REMOVE', dynamodb: { Keys: { id: { S: 'sess:sid' } } } };

const change = readStreamRecord(record, { prefix: 'sess:', expires: 'expires' });
expectType<SessionChange | undefined>(change);
if (change) {
  expectType<'create' | 'change' | 'destroy' | 'expire'>(change.type);
  expectType<string>(change.handle);
  expectType<Date | undefined>(change.time);
  expectType<Date | undefined>(change.expires);
}
expectError(readStreamRecord('record'));
expectError(readStreamRecord(record, { hashKey: 'id' }));

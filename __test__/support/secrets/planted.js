'use strict';

/** Secrets that no program has but a test: `hunter2` is in each of them, and in nothing else. */

module.exports = {
  ACCESS_KEY: 'AKIAHUNTER2HUNTER2X1',
  SECRET_KEY: 'hunter2/secret+key/hunter2/hunter2hunter2',
  TOKEN: `FwoGZXIvYXdz/hunter2/${'Aa1+'.repeat(40)}hunter2==`,
  SID: 'hunter2-session-id-hunter2',
  DATA: 'hunter2 has bought a present',
  SPECIAL: 'hunter2@example.com',
  ENCRYPTION_KEY: Buffer.from('hunter2 is in an encryption key.'),
  ID_SECRET: 'hunter2 is in the secret of hashed ids',
};

'use strict';

/** @type {import('jest').Config} */
module.exports = {
  // Jest lists all files of its roots when it starts: not those of target/ and node_modules/.
  roots: ['<rootDir>/__test__'],
  testMatch: ['<rootDir>/__test__/**/*.test.js'],
  // The tests and the package are what Node runs as it is: Babel would only take time.
  transform: {},
  globalSetup: '<rootDir>/__test__/support/dynamodb-local-global-setup.js',
  globalTeardown: '<rootDir>/__test__/support/dynamodb-local-global-teardown.js',
  testSequencer: '<rootDir>/__test__/support/sequencer.js',
  // Tests wait more than they compute, so each core has a worker, also where there are two.
  maxWorkers: '100%',
  // A hang must fail before CI does; nothing that works takes a tenth of it.
  testTimeout: 60_000,
};

'use strict';

const { testTimeout, transform, globalSetup, globalTeardown } = require('../jest.config');

/** @type {import('jest').Config} */
module.exports = {
  rootDir: __dirname,
  testMatch: ['<rootDir>/__test__/*.test.js'],
  transform,
  globalSetup: globalSetup.replace('<rootDir>', '<rootDir>/..'),
  globalTeardown: globalTeardown.replace('<rootDir>', '<rootDir>/..'),
  // The first test of a file may have to install its example.
  testTimeout: 5 * testTimeout,
};

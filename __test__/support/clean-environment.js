'use strict';

/** An environment in which nothing says where credentials are, for each test of a file. */

const { mkdtempSync, rmSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

/**
 * Has each test of the file run without variables of AWS, and with an empty home folder.
 *
 * @returns {{ folder: string }} the folder of the test that runs
 */
function withCleanEnvironment() {
  const outside = { ...process.env };
  const place = { folder: '' };
  beforeEach(() => {
    place.folder = mkdtempSync(join(tmpdir(), 'dynamo-session-store-credentials-'));
    for (const name of Object.keys(process.env)) {
      if (name.startsWith('AWS_')) delete process.env[name];
    }
    const home = { HOME: place.folder, USERPROFILE: place.folder };
    const aws = { AWS_REGION: 'eu-west-1', AWS_EC2_METADATA_DISABLED: 'true' };
    Object.assign(process.env, home, aws);
  });
  afterEach(() => {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, outside);
    rmSync(place.folder, { recursive: true });
  });
  return place;
}

module.exports = { withCleanEnvironment };

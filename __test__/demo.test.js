'use strict';

/** `npm run demo` says what it does, and nothing else. */

const { execFile } = require('node:child_process');
const { join } = require('node:path');
const { promisify } = require('node:util');

test('the demo on the embedded DynamoDB prints no warning', async () => {
  const script = join(__dirname, '..', 'scripts', 'demo.js');
  const {
    // As in the shell of somebody who has just cloned the repository.
    DYNAMODB_ENDPOINT,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED,
    AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE,
    ...env
  } = process.env;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [script], { env });
  expect(stderr).toBe('');
  expect(stdout).toContain('✓ her old cookie opens nothing');
});

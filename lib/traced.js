// @ts-nocheck
'use strict';

/**
 * Never run, and in no bundle: what Vercel, and Next for a standalone server, read to find out which
 * packages have to be copied along.
 */
require('dynamo-session-store-darwin-arm64');
require('dynamo-session-store-darwin-x64');
require('dynamo-session-store-linux-arm64-gnu');
require('dynamo-session-store-linux-arm64-musl');
require('dynamo-session-store-linux-x64-gnu');
require('dynamo-session-store-linux-x64-musl');
require('dynamo-session-store-win32-arm64-msvc');
require('dynamo-session-store-win32-x64-msvc');

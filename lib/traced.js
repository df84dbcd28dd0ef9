// @ts-nocheck
'use strict';

/**
 * This file never runs and is in no bundle. Vercel, and Next for a standalone server, read it to find the packages
 * that they must copy.
 */
require('dynamo-session-store-darwin-arm64');
require('dynamo-session-store-darwin-x64');
require('dynamo-session-store-linux-arm64-gnu');
require('dynamo-session-store-linux-arm64-musl');
require('dynamo-session-store-linux-x64-gnu');
require('dynamo-session-store-linux-x64-musl');
require('dynamo-session-store-win32-arm64-msvc');
require('dynamo-session-store-win32-x64-msvc');

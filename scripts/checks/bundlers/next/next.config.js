'use strict';

module.exports = {
  output: 'standalone',
  outputFileTracingRoot: __dirname,
  // The line of docs/BUNDLERS.md: Next does not detect the addon.
  outputFileTracingIncludes: { '/*': ['./node_modules/dynamo-session-store-*/**'] },
};

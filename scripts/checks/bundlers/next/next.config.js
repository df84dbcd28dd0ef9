'use strict';

module.exports = {
  output: 'standalone',
  outputFileTracingRoot: __dirname,
  // The line of docs/BUNDLERS.md: Next does not see that the addon is loaded.
  outputFileTracingIncludes: { '/*': ['./node_modules/dynamo-session-store-*/**'] },
};

'use strict';

/**
 * The AWS SDKs say which versions of Node and of themselves have a future. That is for those who have
 * chosen them, and not for those who run the demo or the tests: these have them as development
 * dependencies.
 */
function quietSdks() {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';
}

module.exports = { quietSdks };

'use strict';

/**
 * Turns off the AWS SDKs' warnings about the end of support for versions of Node and of the SDKs. They do not concern
 * users of the demo or the tests, in which the SDKs are development dependencies.
 */
function quietSdks() {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1';
}

module.exports = { quietSdks };

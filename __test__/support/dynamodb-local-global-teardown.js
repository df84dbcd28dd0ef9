'use strict';

/** After the last test. */
module.exports = () => globalThis.stopDynamodbLocal();

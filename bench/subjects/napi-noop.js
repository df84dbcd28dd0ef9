'use strict';

/**
 * A synchronous call into the addon that does next to nothing: what a crossing costs, and the
 * harness around it. No request is sent, and the event loop never turns.
 *
 * @type {import('../lib/calls').Subject}
 */
module.exports = {
  name: 'napi-noop',
  label: 'a call into the addon (expiresAt), no request',
  ours: true,
  chart: false,
  format: 'none',
  operations: ['get'],
  modes: ['canned'],
  async make() {
    const { expiresAt } = require('../../lib/native');
    const call = async (/** @type {number} */ index) => ({ expires: expiresAt(index) });
    return { get: call, set: call, close() {} };
  },
};

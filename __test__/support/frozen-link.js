'use strict';

/**
 * A way to a server on which connections can die without a word: nothing is forwarded any more, in either
 * direction, and nothing is closed. So they do where a NAT gateway forgets them, or a host fails over.
 */

const { once } = require('node:events');
const net = require('node:net');

/**
 * Starts it.
 *
 * @param {string} endpoint of the server
 */
async function startLink(endpoint) {
  const { port: target, protocol } = new URL(endpoint);
  /** @type {Set<{ near: net.Socket, far: net.Socket, isFrozen: boolean }>} */
  const connections = new Set();
  let opened = 0;
  const server = net.createServer((near) => {
    opened += 1;
    const far = net.connect(Number(target), '127.0.0.1');
    const connection = { near, far, isFrozen: false };
    connections.add(connection);
    const forward = (/** @type {net.Socket} */ from, /** @type {net.Socket} */ to) => {
      from.on('data', (bytes) => connection.isFrozen || to.write(bytes));
      from.on('error', () => {});
      from.on('close', () => {
        if (connection.isFrozen) return;
        connections.delete(connection);
        to.destroy();
      });
    };
    forward(near, far);
    forward(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  return {
    endpoint: `${protocol}//127.0.0.1:${port}`,
    /** How many connections there have been. */
    opened: () => opened,
    /** Has the connections die that are open. Those that follow are well. */
    freeze() {
      for (const connection of connections) connection.isFrozen = true;
      return connections.size;
    },
    async stop() {
      server.close();
      for (const { near, far } of connections) {
        near.destroy();
        far.destroy();
      }
      await once(server, 'close');
    },
  };
}

module.exports = { startLink };

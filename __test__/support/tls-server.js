'use strict';

/** Servers that speak TLS, each in a way of its own, or not at all. */

const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { join } = require('node:path');

/** A file of `tls/`. */
const file = (name) => join(__dirname, 'tls', name);

/** What OpenSSL sends to whoever speaks something else: a fatal alert, "unexpected message". */
const ALERT = Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x0a]);

/** An answer to any request, of DynamoDB and of a container that gives credentials. */
function answer(request, response) {
  request.resume();
  response.end('{}');
}

/** Starts `server`, and counts the connections to it. */
async function start(server) {
  const sockets = new Set();
  let connections = 0;
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    // Whoever refuses a certificate tears the connection.
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  return {
    port,
    /** How many connections there were since this was last called. */
    taken() {
      const taken = connections;
      connections = 0;
      return taken;
    },
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

/** A server that has this certificate of `tls/`. */
function startTls(certificate, options = {}) {
  const key = readFileSync(file('server.key'));
  const cert = readFileSync(file(certificate));
  return start(https.createServer({ key, cert, ...options }, answer));
}

/** A server without TLS. */
function startPlain() {
  return start(http.createServer(answer));
}

/** A server with TLS that tells whoever has none, as many do; Node's closes the connection. */
function startAlerting() {
  return start(net.createServer((socket) => socket.once('data', () => socket.end(ALERT))));
}

module.exports = { file, startAlerting, startPlain, startTls };

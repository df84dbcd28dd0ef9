'use strict';

/** A proxy on real HTTP: tunnels by `CONNECT`, and requests with the whole URL in their first line. */

const { once } = require('node:events');
const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const net = require('node:net');
const { file } = require('./tls-server');

/**
 * Starts it. Any host is reached on this machine: on its own port, or on the one that `ports` has for it.
 *
 * @param {object} [options]
 * @param {boolean} [options.secure] whether the proxy itself speaks TLS
 * @param {string} [options.credentials] what it wants, as `user:password`
 * @param {Record<string, number>} [options.ports] by host
 * @param {number} [options.refuses] a status for each tunnel
 */
async function startHttpProxy({ secure = false, credentials, ports = {}, refuses } = {}) {
  /** What went through: the first line of each request. @type {string[]} */
  const asked = [];
  const sockets = new Set();
  const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const isRefused = ({ headers }) => wanted && headers['proxy-authorization'] !== wanted;
  const tls = { key: readFileSync(file('server.key')), cert: readFileSync(file('server.pem')) };
  const server = secure ? https.createServer(tls) : http.createServer();
  server.on(secure ? 'secureConnection' : 'connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  server.on('connect', (request, socket) => {
    asked.push(`CONNECT ${request.url}`);
    if (isRefused(request)) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    if (refuses) {
      socket.end(`HTTP/1.1 ${refuses} No\r\n\r\n`);
      return;
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const far = net.connect(ports[hostname] ?? Number(port || 443), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\nvia: test\r\n\r\n');
      far.pipe(socket);
      socket.pipe(far);
    });
    sockets.add(far);
    far.on('error', () => socket.destroy());
    far.on('close', () => sockets.delete(far));
  });
  server.on('request', (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (isRefused(request)) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="test"' }).end('no');
      return;
    }
    const url = new URL(request.url);
    const { 'proxy-authorization': _own, ...headers } = request.headers;
    const port = ports[url.hostname] ?? Number(url.port || 80);
    const options = {
      host: '127.0.0.1',
      port,
      path: url.pathname,
      method: request.method,
      headers,
    };
    const far = http.request(options, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    far.on('error', () => response.destroy());
    request.pipe(far);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const scheme = secure ? 'https' : 'http';
  return {
    asked,
    url: `${scheme}://127.0.0.1:${port}`,
    /** The same with credentials in it. */
    urlWith: (own) => `${scheme}://${own}@127.0.0.1:${port}`,
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

module.exports = { startHttpProxy };

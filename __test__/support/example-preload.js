'use strict';

/**
 * Loaded before a program of the documentation: a server that names a port listens on a free one
 * instead, and tells the test which.
 */

const { Server } = require('node:net');

const { listen } = Server.prototype;

Server.prototype.listen = function (port, ...rest) {
  if (!port) return listen.call(this, port, ...rest);
  const callback = rest.find((each) => typeof each === 'function');
  this.once('listening', () => process.send(this.address().port));
  return listen.call(this, 0, '127.0.0.1', callback);
};

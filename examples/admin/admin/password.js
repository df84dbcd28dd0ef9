'use strict';

/** Hashes of passwords, by scrypt. */

const { randomBytes, scrypt, timingSafeEqual } = require('node:crypto');
const { promisify } = require('node:util');

const derive = promisify(scrypt);

/** The cost that OWASP recommends for 32 MB of memory. */
const COST = { N: 2 ** 15, r: 8, p: 3 };

const MAX_MEMORY = 64 * 1024 * 1024;
const LENGTH = 32;

/** @param {string} password */
async function hashPassword(password) {
  const salt = randomBytes(16);
  const key = await derive(password, salt, LENGTH, { ...COST, maxmem: MAX_MEMORY });
  const parts = [COST.N, COST.r, COST.p, salt.toString('base64url'), key.toString('base64url')];
  return ['scrypt', ...parts].join(':');
}

/**
 * @param {string} password
 * @param {string} hash of `hashPassword`
 */
async function isPassword(password, hash) {
  const { cost, salt, key } = parsed(hash);
  const given = await derive(password, salt, key.length, { ...cost, maxmem: MAX_MEMORY });
  return timingSafeEqual(given, key);
}

/** @param {string} hash */
function parsed(hash) {
  const [kind, N, r, p, salt, key] = hash.split(':');
  if (kind !== 'scrypt' || !key) throw new Error('the hash of the password is none of this app');
  const bytes = (text) => Buffer.from(text, 'base64url');
  return { cost: { N: Number(N), r: Number(r), p: Number(p) }, salt: bytes(salt), key: bytes(key) };
}

module.exports = { hashPassword, isPassword, parsed };

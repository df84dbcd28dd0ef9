'use strict';

/** Reads a password from the standard input, and prints the value for `ADMIN_PASSWORD_HASH`. */

const { text } = require('node:stream/consumers');
const { hashPassword } = require('./admin/password');

async function main() {
  const password = (await text(process.stdin)).replace(/\r?\n$/, '');
  if (password.length < 12) throw new Error('use a password of at least 12 characters');
  console.log(await hashPassword(password));
}

main().catch(({ message }) => {
  console.error(message);
  process.exitCode = 1;
});

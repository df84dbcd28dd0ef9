'use strict';

/** `export`: sessions as JSON lines. */

const { open } = require('node:fs/promises');
const { pipeline } = require('node:stream/promises');
const { Failed, throwIfStopped } = require('../failure');
const { Progress } = require('../progress');
const { Position, entries } = require('../scan');
const { sessionOf } = require('../session');
const { addSweepFlags, sweepOptions } = require('../sweep');
const { iso, jsonOf, things } = require('../text');

/** @type {import('../run').Definition} */
module.exports = {
  name: 'export [file]',
  summary: 'write live sessions as JSON lines',
  description:
    'Writes the live sessions to a file or to stdout, a line of JSON each. The file contains ids that log\n' +
    'users in. Only its owner can read it. Encrypted sessions are written decrypted.',
  define(command) {
    addSweepFlags(command);
    command.option('--force', 'replace a file that exists');
  },
  async run(context, /** @type {string | undefined} */ file) {
    const { flags, output, signal } = context;
    const opened = await context.open({ withMarks: true });
    output.warn('the export contains ids that log users in, and the data of sessions.');
    const target =
      file === undefined || file === '-' ? undefined : await openFile(file, flags.force);
    const progress = new Progress(output, 'Exported');
    const position = new Position();
    let count = 0;
    async function* lines() {
      for await (const entry of entries(opened, { ...sweepOptions(context), position })) {
        yield jsonOf(recordOf(opened, entry));
        count += 1;
        position.done(entry);
        progress.update(count, position.share);
      }
    }
    try {
      if (target) await pipeline(lines, withNewlines, target);
      else for await (const line of lines()) await output.write(line);
      throwIfStopped(signal, 'The export is not complete.');
    } finally {
      progress.stop();
    }
    output.note(`Exported ${things(count, 'session')}${target ? ` to ${file}` : ''}.`);
  },
};

/**
 * @param {import('../../lib/command').Opened} opened
 * @param {import('../scan').Entry} entry
 */
function recordOf(opened, entry) {
  return {
    // The id of a hashed session is not in the table, so the session cannot be imported.
    ...(entry.sid === undefined ? { hashedId: entry.id } : { sid: entry.sid }),
    session: sessionOf(opened, entry),
    expires: iso(entry.expires),
    createdAt: iso(entry.created),
    lastSeen: iso(entry.seen),
  };
}

/** @param {AsyncIterable<string>} lines */
async function* withNewlines(lines) {
  for await (const line of lines) yield `${line}\n`;
}

/**
 * Opens a file that only its owner can read.
 *
 * @param {string} file
 * @param {boolean | undefined} force
 */
async function openFile(file, force) {
  const handle = await open(file, force ? 'w' : 'wx', 0o600).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
    throw new Failed(`The file ${file} exists already. With --force, it is replaced.`);
  });
  try {
    // A file that existed keeps its mode otherwise. A device, such as /dev/stderr, keeps its mode.
    if ((await handle.stat()).isFile()) await handle.chmod(0o600);
    return handle.createWriteStream();
  } catch (error) {
    await handle.close();
    throw error;
  }
}

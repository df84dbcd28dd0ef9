'use strict';

/** `export`: sessions as JSON lines. */

const { createWriteStream } = require('node:fs');
const { once } = require('node:events');
const { chmod } = require('node:fs/promises');
const { throwIfStopped } = require('../failure');
const { Progress } = require('../progress');
const { Place, entries } = require('../scan');
const { sessionOf } = require('../session');
const { addSweepFlags, sweepOptions } = require('../sweep');
const { iso, things } = require('../text');

/** @type {import('../run').Definition} */
module.exports = {
  name: 'export [file]',
  summary: 'write live sessions as JSON lines',
  description:
    'Writes the live sessions to a file or to stdout, a line of JSON each. Whoever has the file, has all logins: it is\n' +
    'created so that only its owner can read it. Encrypted sessions are written decrypted.',
  define(command) {
    addSweepFlags(command);
    command.option('--force', 'replace a file that exists');
  },
  async run(context, /** @type {string | undefined} */ file) {
    const { flags, output, signal } = context;
    const opened = await context.open({ withMarks: true });
    output.warn('the export holds ids and data of sessions: whoever has it, has the logins.');
    const target =
      file === undefined || file === '-' ? undefined : await openFile(file, flags.force);
    const progress = new Progress(output, 'Exported');
    const place = new Place();
    let count = 0;
    try {
      for await (const entry of entries(opened, { ...sweepOptions(context), place })) {
        const line = JSON.stringify(recordOf(opened, entry));
        if (target) await writeTo(target, `${line}\n`);
        else await output.write(line);
        count += 1;
        place.done(entry);
        progress.update(count, place.share);
      }
      throwIfStopped(signal, 'The export is not complete.');
    } finally {
      progress.stop();
      if (target) await closeFile(target);
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
    // The id of a hashed session is not in the table, so nobody can import it.
    ...(entry.sid === undefined ? { hashedId: entry.id } : { sid: entry.sid }),
    session: sessionOf(opened, entry),
    expires: iso(entry.expires),
    createdAt: iso(entry.created),
    lastSeen: iso(entry.seen),
  };
}

/**
 * @param {string} file
 * @param {boolean | undefined} force
 */
async function openFile(file, force) {
  const target = createWriteStream(file, { mode: 0o600, flags: force ? 'w' : 'wx' });
  await once(target, 'open');
  // A file that existed keeps its mode otherwise.
  await chmod(file, 0o600);
  return target;
}

/**
 * @param {import('node:fs').WriteStream} target
 * @param {string} text
 */
async function writeTo(target, text) {
  if (!target.write(text)) await once(target, 'drain');
}

/** @param {import('node:fs').WriteStream} target */
async function closeFile(target) {
  if (target.errored) return;
  target.end();
  await once(target, 'close');
}

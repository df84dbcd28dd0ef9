'use strict';

/** `destroy`: ends sessions. */

const { confirm } = require('../ask');
const { EXIT, NothingFound, UsageError, throwIfStopped } = require('../failure');
const { destroy, findToDestroy, ofUser, userIndexOf } = require('../find');
const { things } = require('../text');
const { addSweepFlags } = require('../sweep');

/** @import { Context } from '../context' */
/** @import { Entry } from '../scan' */

/** @type {import('../run').Definition} */
module.exports = {
  name: 'destroy [sessions...]',
  summary: 'end sessions, by id or handle, or all of a user',
  description:
    'Ends sessions by their ids or handles, or with --user all sessions of a user: they are logged out.\n' +
    'To find a handle, or a user without an index, the command reads the whole table.\n' +
    'Write -- before an id that begins with a dash.',
  takesHandles: true,
  define(command) {
    addSweepFlags(command);
    command.option('--user <user>', 'end all sessions of this user');
    command.option('--dry-run', 'only say which sessions would end');
    command.option('--yes', 'do not ask');
  },
  async run(context, /** @type {string[]} */ names) {
    const { flags, output, signal } = context;
    if (names.length > 0 === (flags.user !== undefined)) {
      throw new UsageError('Name sessions by their ids or handles, or a user with --user.');
    }
    const opened = await context.open();
    const index = flags.user === undefined ? undefined : userIndexOf(opened);
    if (index !== undefined) return destroyOfIndex(context, opened, index);
    const { found, missing } =
      flags.user === undefined
        ? await named(context, opened, names)
        : { found: await listOf(ofUser(context, opened, flags.user)), missing: 0 };
    throwIfStopped(signal);
    if (found.length === 0) throw new NothingFound('There is no such session.');
    const number = things(found.length, 'session');
    if (flags.user !== undefined && !flags.dryRun) {
      await confirm(context, `End ${number} of this user in table "${opened.table}"?`);
    }
    for (const entry of flags.dryRun ? [] : found) {
      throwIfStopped(signal, 'Run the command again to end the others.');
      await destroy(opened, entry);
    }
    const unreadable = context.unreadable.count;
    const result = {
      destroyed: flags.dryRun ? 0 : found.length,
      missing,
      handles: found.map(({ handle }) => handle),
      ...(unreadable > 0 && { unreadable }),
      ...(flags.dryRun && { dryRun: true }),
    };
    await output.result(result, () => [
      `${flags.dryRun ? 'Would end' : 'Ended'} ${number}.`,
      ...(missing > 0 ? [`${things(missing, 'session')} not found.`] : []),
    ]);
    return missing > 0 ? EXIT.nothing : EXIT.done;
  },
};

/**
 * Ends the sessions that an index has of a user.
 *
 * @param {Context} context
 * @param {Awaited<ReturnType<Context['open']>>} opened
 * @param {string} index
 */
async function destroyOfIndex(context, { sessions, table }, index) {
  const { flags, output } = context;
  const handles = (await sessions.indexes.sessionsOf(index, flags.user)).map(
    ({ handle }) => handle,
  );
  if (handles.length === 0) throw new NothingFound('There is no such session.');
  const { dryRun } = flags;
  const question = `End ${things(handles.length, 'session')} of this user in table "${table}"?`;
  if (!dryRun) await confirm(context, question);
  const destroyed = dryRun ? 0 : await sessions.indexes.destroyOf(index, flags.user);
  await output.result({ destroyed, missing: 0, handles, ...(dryRun && { dryRun }) }, () =>
    dryRun
      ? `Would end ${things(handles.length, 'session')}.`
      : `Ended ${things(destroyed, 'session')}.`,
  );
  return EXIT.done;
}

/**
 * @param {Context} context
 * @param {Awaited<ReturnType<Context['open']>>} opened
 * @param {string[]} names
 */
async function named(context, opened, names) {
  /** @type {Pick<Entry, 'id' | 'sid' | 'handle'>[]} */
  const found = [];
  let missing = 0;
  for (const name of new Set(names)) {
    const entry = await findToDestroy(context, opened, name);
    if (!entry) missing += 1;
    // An id and a handle may name the same session.
    else if (found.every(({ handle }) => handle !== entry.handle)) found.push(entry);
  }
  return { found, missing };
}

/** @param {AsyncIterable<Entry>} entries */
async function listOf(entries) {
  const all = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

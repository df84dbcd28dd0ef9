'use strict';

/** `reap`: deletes ended sessions. */

const { UsageError, throwIfStopped } = require('../failure');
const { Progress } = require('../progress');
const { SEGMENTS } = require('../scan');
const { ResumeFile, addResumeFlag, addSweepFlags, scanOptions } = require('../sweep');
const { things } = require('../text');

/** @import { Context } from '../context' */

/** @type {import('../run').Definition} */
module.exports = {
  name: 'reap',
  summary: 'delete ended sessions now',
  description:
    'Deletes the sessions that have ended, and only those. With the time to live of the table, DynamoDB does this free of\n' +
    'charge, within some days: see enable-ttl.',
  define(command) {
    command.option('--dry-run', 'only count the ended sessions');
    addSweepFlags(command);
    addResumeFlag(command);
  },
  async run(context) {
    const { flags, output, signal } = context;
    const opened = await context.open();
    if (opened.kind === 'shopify') {
      throw new UsageError(
        'reap does not apply to the store for shopify: an app loads a session whose tokens have expired, to renew it. ' +
          'With --expires-attribute, enable-ttl lets DynamoDB delete such sessions.',
      );
    }
    const progress = new Progress(output, flags.dryRun ? 'Ended sessions' : 'Items');
    try {
      const { count, advice } = flags.dryRun
        ? await countEnded(context, opened, progress)
        : await reap(context, opened, progress);
      progress.stop();
      await output.result(flags.dryRun ? { ended: count, dryRun: true } : { reaped: count }, () =>
        flags.dryRun
          ? `Would delete ${things(count, 'ended session')}.`
          : `Deleted ${things(count, 'ended session')}.`,
      );
      throwIfStopped(signal, advice);
    } finally {
      progress.stop();
    }
  },
};

/**
 * @param {Context} context
 * @param {Awaited<ReturnType<Context['open']>>} opened
 * @param {Progress} progress
 */
async function countEnded(context, { events, sessions }, progress) {
  let count = 0;
  events.on('progress', ({ sessions: ended, segments, segmentsDone }) => {
    count = ended;
    progress.update(count, segmentsDone / segments);
  });
  try {
    await sessions.all.countEnded({ segments: SEGMENTS, ...scanOptions(context) });
  } catch (error) {
    if (!context.signal.aborted) throw error;
  }
  return { count, advice: '' };
}

/**
 * @param {Context} context
 * @param {Awaited<ReturnType<Context['open']>>} opened
 * @param {Progress} progress
 */
async function reap(context, opened, progress) {
  const { flags, signal } = context;
  const { events, sessions, table } = opened;
  const file = new ResumeFile(flags.resumeFile, { table, command: 'reap' });
  const before = file.counts.reaped ?? 0;
  /** The state after the last page. @type {{ deleted: number, resume: string } | undefined} */
  let last;
  const keep = (/** @type {{ now?: boolean }} */ how) =>
    file.keep(() => last?.resume, { reaped: before + (last?.deleted ?? 0) }, how);
  events.on('progress', (state) => {
    last = state;
    progress.update(state.read, state.segmentsDone / state.segments);
    keep({});
  });
  const { resume } = file;
  const options = { ...scanOptions(context), ...(resume && { resume }) };
  if (!resume) options.segments ??= SEGMENTS;
  try {
    await sessions.all.reap(options);
    file.remove();
  } catch (error) {
    keep({ now: true });
    if (!signal.aborted) {
      if (flags.resumeFile) context.output.note(file.advice);
      throw error;
    }
  }
  return { count: before + (last?.deleted ?? 0), advice: file.advice };
}

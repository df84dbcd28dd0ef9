'use strict';

/** `migrate`: sessions to another table, or to other options. */

const { confirm } = require('../ask');
const { Budget } = require('../budget');
const { EXIT, UsageError, throwIfStopped } = require('../failure');
const { SECRETS_VARIABLE, addPlace } = require('../flags');
const { Move } = require('../move');
const { isSameTable, placeOf, textOfPlace } = require('../place');
const { each } = require('../pool');
const { Progress } = require('../progress');
const { Position, entries } = require('../scan');
const { ResumeFile, addResumeFlag, addSweepFlags, sweepOptions } = require('../sweep');
const { things } = require('../text');
const { requireEnds } = require('../time-to-live');
const { isOfUnreadable } = require('../unreadable');
const { reasonOf } = require('../write');

/** @import { Context } from '../context' */

/** The sessions that were refused, and are reported one by one. */
const REPORTED = 20;

/** The results of a session, and the words for them. @type {Record<string, [string, string]>} */
const RESULTS = {
  moved: ['Moved', 'Would move'],
  same: ['Found the same in the target:', 'Found the same in the target:'],
  existing: [
    'Left, because the target has another session:',
    'Would leave, because the target has another session:',
  ],
  changed: ['Left, because it changed meanwhile:', ''],
  gone: ['Ended meanwhile:', ''],
  hashed: [
    'Left, because the id behind a hashed id is not known:',
    'Would leave, because the id behind a hashed id is not known:',
  ],
  refused: ['Refused, because of their values:', ''],
  unreadable: ['Left, because they cannot be read:', 'Would leave, because they cannot be read:'],
  different: ['Not read back as written:', ''],
};

/** The flags of the target that change no session, if the target is the place of the source. */
const TO_SAME_PLACE = new Set(
  'Store Table Prefix HashKey Endpoint Region Profile ShopIndex IdentityKeys OperationTimeout TableTimeout MaxSockets'
    .split(' ')
    .map((name) => `to${name}`),
);

/** @type {import('../run').Definition} */
module.exports = {
  name: 'migrate',
  summary: 'move sessions to another table, or to other options',
  description:
    'Copies live sessions to another table, prefix or hash key, or writes them in place with other options: compressed,\n' +
    'encrypted, with hashed ids, with indexes. The source is what connect-dynamodb, koa-session-dynamodb-store, Shopify’s\n' +
    'storage or this package has written. Each session is read back. Without --overwrite, a session in the target is never\n' +
    'replaced, even if an application creates it while the command runs. In place, a session that changes meanwhile keeps the\n' +
    'change. Flags without --from- or --to- apply to both sides.',
  define(command) {
    command.optionsGroup('Migration:');
    command.option('--overwrite', 'replace other sessions in the target');
    command.option('--dry-run', 'only count what would be done');
    command.option('--yes', 'do not ask');
    addSweepFlags(command);
    addResumeFlag(command);
    command.option('--from <file>', 'the options of the source, as with --config');
    command.option('--to <file>', 'the options of the target, as with --config');
    command.optionsGroup('The source:');
    addPlace(command, 'from-');
    command.optionsGroup('The target:');
    addPlace(command, 'to-');
  },
  async run(context) {
    const { flags, output, signal } = context;
    const { about, isInPlace, names, source, target } = await openBoth(context);
    const move = new Move(source, target, { ...flags, isInPlace });
    const where = isInPlace
      ? `sessions of table "${names.to}" in place`
      : `sessions of table "${names.from}" to table "${names.to}"`;
    if (!flags.dryRun) await confirm(context, `Migrate ${where}?`);
    const file = new ResumeFile(flags.dryRun ? undefined : flags.resumeFile, about);
    /** @type {Record<string, number>} */
    const counts = { ...file.counts };
    const progress = new Progress(output, flags.dryRun ? 'Checked' : 'Migrated');
    const budget = new Budget(flags.capacityPerSecond);
    const position = new Position(file.resume);
    const leaveUnreadable = (
      /** @type {{ handle: string }} */ entry,
      /** @type {Error} */ error,
    ) => {
      counts.unreadable = (counts.unreadable ?? 0) + 1;
      context.unreadable.add(entry, error);
    };
    const options = { ...sweepOptions(context), onUnreadable: leaveUnreadable };
    const keep = (/** @type {{ now?: boolean }} */ how) =>
      file.keep(() => position.token, counts, how);
    try {
      const found = entries(source, { ...options, position });
      await each(found, signal, async (entry) => {
        await budget.spend(move.unitsOf(entry), signal);
        if (signal.aborted) return;
        const result = await move.run(entry).catch((error) => {
          if (isOfUnreadable(error)) return leaveUnreadable(entry, error);
          const reason = reasonOf(error);
          if ((counts.refused ?? 0) < REPORTED) output.note(`Session ${entry.handle}: ${reason}`);
          return 'refused';
        });
        if (result && result !== 'again') counts[result] = (counts[result] ?? 0) + 1;
        position.done(entry);
        progress.update(sum(counts), position.share);
        keep({});
      });
    } catch (error) {
      keep({ now: true });
      if (flags.resumeFile) output.note(file.advice);
      throw error;
    } finally {
      progress.stop();
    }
    if (signal.aborted) keep({ now: true });
    else file.remove();
    await output.result({ ...counts, ...(flags.dryRun && { dryRun: true }) }, () =>
      textOf(counts, flags.dryRun),
    );
    throwIfStopped(signal, file.advice);
    return hasFailed(counts, output) ? EXIT.failed : EXIT.done;
  },
};

/**
 * Whether a migration has failed, also in part.
 *
 * @param {Record<string, number>} counts
 * @param {Context['output']} output
 */
function hasFailed(
  { changed = 0, different = 0, gone = 0, moved = 0, refused = 0, same = 0, unreadable = 0 },
  output,
) {
  // Sessions end while the command works, but hardly all of them.
  const hasOnlyLost = gone > 0 && moved + same === 0;
  if (hasOnlyLost) {
    output.warn(
      'no session was moved: look whether the source and the target are the intended ones.',
    );
  }
  return hasOnlyLost || different + changed + refused + unreadable > 0;
}

/** @param {Record<string, number>} counts */
function sum(counts) {
  return Object.values(counts).reduce((all, each) => all + each, 0);
}

/**
 * @param {Record<string, number>} counts
 * @param {boolean | undefined} isDryRun
 */
function textOf(counts, isDryRun) {
  const lines = Object.entries(RESULTS)
    .filter(([name]) => counts[name] > 0)
    .map(([name, words]) => `${words[isDryRun ? 1 : 0]} ${things(counts[name], 'session')}.`);
  return lines.length > 0 ? lines : 'There is no live session in the source.';
}

/** @param {Context} context */
async function openBoth(context) {
  const { env, flags } = context;
  if (flags.config && (flags.from || flags.to)) {
    throw new UsageError('--config cannot be used together with --from or --to.');
  }
  // The secret for ids is that of the target: the ids behind hashed ids in the source are not known.
  const { [SECRETS_VARIABLE]: _, ...sourceEnv } = env;
  const source = await context.open({
    flags: side(flags, 'from'),
    env: sourceEnv,
    withMarks: true,
  });
  const to = side(flags, 'to');
  const target = await context.open({ flags: to, conflict: 'error' });
  if (source.kind !== target.kind) {
    throw new UsageError(
      `Sessions of the store for ${source.kind} cannot become sessions of the store for ${target.kind}.`,
    );
  }
  const places = { from: await placeOf(source), to: await placeOf(target) };
  const isInPlace = isSameTable(places.from, places.to) && source.prefix === target.prefix;
  const hasTargetFlag = Object.keys(flags).some(
    (name) => /^to([A-Z]|$)/.test(name) && flags[name] !== true && !TO_SAME_PLACE.has(name),
  );
  const isChanged = target.options.compress || target.options.encryption || target.options.hashIds;
  if (isInPlace && !hasTargetFlag && !flags.toCompress && !isChanged && !target.isTracked) {
    throw new UsageError('Source and target are the same: add flags with --to-, or the file --to.');
  }
  const flagOf = (/** @type {string} */ name) =>
    isInPlace ? '--expires-attribute' : `--${name}-expires-attribute`;
  await requireEnds(target, context.output, flagOf('to'));
  // In place with one attribute, both would ask the same.
  if (!isInPlace || source.expires !== target.expires) {
    await requireEnds(source, context.output, flagOf('from'));
  }
  // Sessions move to hashed ids when they are read. A dry run reads none, and copies do not move.
  const overrides = (
    /** @type {string} */ _kind,
    /** @type {Record<string, any>} */ { hashIds },
  ) => (hashIds && target.isHashed ? { hashIds: { ...hashIds, migrate: true } } : {});
  const inPlace = /** @type {const} */ ({
    flags: to,
    conflict: 'error',
    // The end of a session may move to another attribute.
    keepsExcept: source.expires === undefined ? [] : [source.expires],
    overrides,
  });
  const hasOneName = source.table === target.table && !isInPlace;
  return {
    source,
    target: isInPlace && !flags.dryRun ? await context.open(inPlace) : target,
    isInPlace,
    /** The tables, in a question. */
    names: hasOneName
      ? { from: places.from.arn, to: places.to.arn }
      : { from: source.table, to: target.table },
    /** For the resume file. */
    about: {
      source: textOfPlace(places.from, source),
      target: textOfPlace(places.to, target),
      command: 'migrate',
    },
  };
}

/**
 * Returns the flags of one side.
 *
 * @param {Record<string, any>} flags
 * @param {'from' | 'to'} name
 */
function side(flags, name) {
  const own = Object.entries(flags)
    .filter(([flag]) => new RegExp(`^${name}[A-Z]`).test(flag))
    .map(([flag, value]) => [flag[name.length].toLowerCase() + flag.slice(name.length + 1), value])
    // A flag that begins with "no-" is `true` if it was not given.
    .filter(([flag, value]) => !(String(flag).endsWith('Write') && value === true));
  return { ...flags, ...Object.fromEntries(own), config: flags[name] ?? flags.config };
}

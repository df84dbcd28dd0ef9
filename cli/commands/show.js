'use strict';

/** `show`: one session. */

const { NothingFound, throwIfStopped } = require('../failure');
const { findOne } = require('../find');
const { detailsOf, textOfDetails } = require('../session');
const { addShopFlag } = require('../sweep');

/** @type {import('../run').Definition} */
module.exports = {
  name: 'show <session>',
  summary: 'show a session: its cookie, end, user and keys',
  description:
    'Shows a session by its id or its handle: its cookie, its end, its user and the names of its keys.\n' +
    'To find a handle, the command reads the whole table. Write -- before an id that begins with a dash.',
  takesHandles: true,
  define(command) {
    addShopFlag(command);
    command.option('--data', 'show all values of the session');
    command.option('--ids', 'show the id, which logs its user in');
  },
  async run(context, /** @type {string} */ name) {
    const { flags, output } = context;
    const opened = await context.open({ withMarks: true });
    const entry = await findOne(context, opened, name);
    throwIfStopped(context.signal);
    if (!entry) throw new NothingFound('There is no such session.');
    const options = { withData: flags.data === true, withId: flags.ids === true };
    const details = detailsOf(opened, entry, options);
    await output.result(details, () => textOfDetails(output, details));
  },
};

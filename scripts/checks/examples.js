'use strict';

/**
 * `npm run check:examples`: installs each example and uses it over HTTP. Examples that take minutes to install run only
 * with `--all`.
 */

const { join } = require('node:path');
const { parseArgs } = require('node:util');
const { program, root, setup } = require('../setup');
const { runJest } = require('./jest');
const { sharePackage } = require('./package');

const USAGE = `Usage: npm run check:examples [-- --all]

  --all  also the examples that take long to install (next)`;

program(async () => {
  const { values, positionals } = parseArgs({
    options: {
      all: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      outputFile: { type: 'string' },
    },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  setup();
  // With all processes of Jest.
  sharePackage();
  const config = join(root, 'examples', 'jest.config.js');
  return runJest(['--config', config, ...positionals], {
    cwd: root,
    env: values.all ? { ALL_EXAMPLES: '1' } : {},
    report: values.outputFile,
  });
});

'use strict';

/**
 * `npm run check:examples`: installs each example and drives it, as its users would. Those that take
 * minutes to install are left out without `--all`.
 */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const { join } = require('node:path');
const { parseArgs } = require('node:util');
const { program, root, setup } = require('../setup');

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
  const jest = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
  const config = join(root, 'examples', 'jest.config.js');
  const args = [jest, '--ci', '--config', config, ...positionals];
  if (values.outputFile) args.push('--json', `--outputFile=${values.outputFile}`);
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...(values.all && { ALL_EXAMPLES: '1' }) },
    // Jest prints its JSON to the standard output as well, although a file is given.
    stdio: ['ignore', values.outputFile ? 'ignore' : 'inherit', 'inherit'],
  });
  process.once('exit', () => child.kill());
  const [code] = await once(child, 'exit');
  return code ?? 1;
});

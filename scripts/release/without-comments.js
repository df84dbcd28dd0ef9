'use strict';

const ts = require('typescript');

/**
 * Leaves out comments, because Node takes half a millisecond to read those of `lib/`.
 *
 * @type {import('rollup').Plugin}
 */
const withoutComments = {
  name: 'without-comments',
  renderChunk(code) {
    const compilerOptions = { removeComments: true, target: ts.ScriptTarget.ES2023 };
    return { code: ts.transpileModule(code, { compilerOptions }).outputText, map: null };
  },
};

module.exports = { withoutComments };

'use strict';

/** The code blocks of the documentation that need the dependencies of an example. */

const ts = require('typescript');
const { documented } = require('../../__test__/support/markdown');
const { runProgram, typeErrors } = require('../../__test__/support/programs');
const { openWorkspace } = require('../../scripts/checks/workspace');

const marked = documented().filter(({ mark }) => mark.startsWith('in: '));

test.each(marked.map((block) => [block.name, block]))('%s', async (_name, block) => {
  const { folder, remove } = openWorkspace(block.mark.replace('in: examples/', ''));
  try {
    if (block.language === 'js') await runProgram(folder, block);
    else expect(typeErrors(`${folder}/src`, [block], asNest)).toEqual([]);
  } finally {
    remove();
  }
});

/** The compiler options of an application that `nest new` creates. */
const asNest = {
  module: ts.ModuleKind.CommonJS,
  moduleResolution: ts.ModuleResolutionKind.Node10,
  esModuleInterop: true,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

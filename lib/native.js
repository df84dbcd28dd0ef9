'use strict';

/**
 * The addon. The loader that napi generates finds it on every platform, but is larger than all the
 * rest of a store, and compiling it takes longer than loading the addon: what it would find in
 * most processes is tried first.
 */

/** @import * as Binding from '../native/binding' */

const VARIANT = new Map([
  ['linux', '-gnu'],
  ['win32', '-msvc'],
]);

/** @returns {typeof Binding} */
function load() {
  const { arch, env, platform } = process;
  const target = `${platform}-${arch}${VARIANT.get(platform) ?? ''}`;
  const likely = [
    `../native/dynamo-session-store.${target}.node`,
    `dynamo-session-store-${target}`,
  ];
  // The generated loader knows this variable.
  if (!env.NAPI_RS_NATIVE_LIBRARY_PATH) {
    for (const path of likely) {
      try {
        return require(path);
      } catch {
        // It is of another kind; if it cannot be loaded, the generated loader will say why.
      }
    }
  }
  return require('../native/binding');
}

module.exports = load();

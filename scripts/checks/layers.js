'use strict';

/**
 * The rules between the files of `lib/` and `src/` that no compiler keeps: which layer may use which,
 * and that no two files use each other.
 *
 *     node scripts/checks/layers.js
 */

const { readFileSync, readdirSync } = require('node:fs');
const { join, posix } = require('node:path');
const { SetupError, program, root } = require('../setup');

/** @typedef {{ from: string, to: string }} Edge one file, or module, uses another */
/** @typedef {Map<string, string>} Files the text of each file, by its path from the root */

// JavaScript

/** The files of an adapter, which no other adapter uses. */
const ADAPTERS = [
  /^lib\/(express|connect|cookie|recognition|reaping)(\.options)?\.js$/,
  /^lib\/koa(\.\w+)?\.js$/,
  /^lib\/shopify(\.\w+)?\.js$/,
];

/** Open the stores of all adapters, for the command. No other file of `lib/` uses them. */
const OPENERS = ['lib/command.js', 'lib/diagnosis.js', 'lib/kinds.js'];

/** The packages that a file of `lib/` may load. */
const PACKAGES = new Map([
  // The ready-made store takes its base class from there.
  ['lib/connect.js', /^express-session$/],
  // Read by tracing tools, and never run.
  ['lib/traced.js', /^dynamo-session-store-/],
]);

/** What `lib/aws/` uses of `lib/`. */
const BELOW_AWS = /^lib\/(aws\/.+|calls|errors|modules|native|options|timers)\.js$/;

/** What a file requires. @param {string} text */
function requests(text) {
  // A text has double quotes only if it has single ones inside.
  const code = text.replace(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$|"[^"\n]*"/gm, '');
  return [...code.matchAll(/\brequire\(\s*['"`]([^'"`]+)['"`]\s*\)/g)].map(
    ([, request]) => request,
  );
}

/** @param {Files} files @returns {Edge[]} */
function requiredFiles(files) {
  return [...files].flatMap(([from, text]) =>
    requests(text)
      .filter((request) => request.startsWith('.'))
      .map((request) => ({ from, to: fileOf(from, request) }))
      .filter(({ to }) => files.has(to)),
  );
}

/** @param {string} from @param {string} request */
function fileOf(from, request) {
  const path = posix.join(posix.dirname(from), request);
  return /\.(js|json)$/.test(path) ? path : `${path}.js`;
}

/**
 * What is wrong in `lib/`.
 *
 * @param {Files} files
 * @returns {string[]}
 */
function wrongInJavaScript(files) {
  const wrong = [];
  for (const [file, text] of files) {
    for (const request of requests(text)) {
      if (request.startsWith('.') || request.startsWith('node:')) continue;
      if (PACKAGES.get(file)?.test(request)) continue;
      wrong.push(`${file} requires the package ${request}: users may not have it`);
    }
  }
  const edges = requiredFiles(files);
  for (const { from, to } of edges) {
    const adapter = ADAPTERS.find((each) => each.test(to));
    if (adapter && !adapter.test(from) && !OPENERS.includes(from)) {
      wrong.push(`${from} requires ${to}: only an adapter uses its own files`);
    }
    if (OPENERS.includes(to) && !OPENERS.includes(from))
      wrong.push(`${from} requires ${to}: only cli/ uses it`);
    if (from.startsWith('lib/aws/') && !BELOW_AWS.test(to)) {
      wrong.push(`${from} requires ${to}: lib/aws/ knows connections, not stores`);
    }
  }
  return [...wrong, ...circles(edges)];
}

// Rust

/** Core modules that know sessions. */
const SESSIONS = ['codec', 'expiry', 'layout', 'merge', 'store', 'table'];

/** What a part of the core may name of AWS's crates, where `src/core/dynamo` may name anything. */
const AWS_IN_CORE = [
  {
    where: /^src\/core\/hostile(\.rs|\/)/,
    names: /./,
    rule: 'hostile.rs is for tests and fuzzing',
  },
  {
    where: /^src\/core\/(store|table)(\.rs|\/)/,
    names: /^aws_sdk_dynamodb::(types|primitives|operation::\w+::builders)\b/,
    rule: 'it names attribute values and builders of requests',
  },
  {
    where: /^src\/core\/error(\.rs|\/)/,
    names: /^aws_sdk_dynamodb::(types|primitives|error::BuildError)\b/,
    rule: 'it names attribute values',
  },
  {
    where: /^src\/core\//,
    names: /^aws_sdk_dynamodb::(types|primitives)\b/,
    rule: 'it names attribute values',
  },
];

/** Crates that only `src/core/dynamo` names, as it sends the requests. */
const NETWORK =
  /^(hyper|hyper_util|http|rustls|rustls_\w+|tokio_rustls|socket2|tower_service|ring)::/;

/** The crate for cryptography, and the files that use it for sessions. */
const CRYPTOGRAPHY = /^ring::/;
const ENCRYPTING = /^src\/core\/(codec\/|hashed_ids\.rs$)/;

/** A function for tests alone, such as those that `hostile.rs` uses. */
const FOR_TESTS = /^#\[cfg\((any\()?test\b.*\]\npub.* fn [\s\S]*?^\}$/gm;

/** The code of a Rust file: without comments, texts and unit tests. @param {string} text */
function rustCode(text) {
  const [code] = text.split(/^#\[cfg\(test\)\]\nmod tests \{/m);
  return code
    .replace(FOR_TESTS, '')
    .replace(/\/\/.*$/gm, '')
    .replace(/"(?:[^"\\]|\\.)*"/g, '""');
}

/**
 * The paths that a Rust file names, with the groups of `use` written out.
 *
 * @param {string} code
 * @returns {string[]}
 */
function paths(code) {
  const used = [...code.matchAll(/\buse\s+([^;]+);/g)].flatMap(([, tree]) => {
    return expand(tree.replace(/\s+as\s+\w+/g, '').replace(/\s+/g, ''));
  });
  const rest = code.replace(/\buse\s+[^;]+;/g, '');
  return [...used, ...[...rest.matchAll(/\b[a-z]\w*(?:::\w+)+/g)].map(([path]) => path)];
}

/** `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`. @param {string} tree @returns {string[]} */
function expand(tree) {
  const start = tree.indexOf('{');
  if (start < 0) return [tree];
  const parts = [];
  let depth = 0;
  let part = '';
  for (const letter of tree.slice(start + 1, tree.lastIndexOf('}'))) {
    depth += Number(letter === '{') - Number(letter === '}');
    if (letter === ',' && depth === 0) {
      parts.push(part);
      part = '';
    } else {
      part += letter;
    }
  }
  return [...parts, part]
    .filter(Boolean)
    .flatMap((each) => expand(tree.slice(0, start) + each))
    .map((path) => path.replace(/::self$/, ''));
}

/** `src/core/a/mod.rs` and `src/core/a.rs` are `core::a`. @param {string} file */
function moduleOf(file) {
  return file
    .replace(/^src\//, '')
    .replace(/(\/mod)?\.rs$/, '')
    .replaceAll('/', '::');
}

/**
 * A path from the root of the crate.
 *
 * @param {string} path
 * @param {string} module that names it
 */
function absolute(path, module) {
  let [from, rest] = [module.split('::'), path.split('::')];
  if (rest[0] === 'crate') return rest.slice(1);
  if (rest[0] !== 'self' && rest[0] !== 'super') return undefined;
  while (rest[0] === 'super') [from, rest] = [from.slice(0, -1), rest.slice(1)];
  return [...from, ...(rest[0] === 'self' ? rest.slice(1) : rest)];
}

/**
 * The modules that each module of the crate uses. A module and those inside it are one family: it
 * declares them, and they use what they share.
 *
 * @param {Files} files
 * @returns {Edge[]}
 */
function usedModules(files) {
  const modules = new Set([...files.keys()].map(moduleOf));
  return [...files].flatMap(([file, text]) => {
    const from = moduleOf(file);
    return paths(rustCode(text)).flatMap((path) => {
      const target = absolute(path, from);
      while (target?.length && !modules.has(target.join('::'))) target.pop();
      const to = target?.join('::');
      const isFamily =
        !to || `${to}::`.startsWith(`${from}::`) || `${from}::`.startsWith(`${to}::`);
      return isFamily ? [] : [{ from, to }];
    });
  });
}

/**
 * What is wrong in `src/`.
 *
 * @param {Files} files
 * @returns {string[]}
 */
function wrongInRust(files) {
  const wrong = [];
  for (const [file, text] of files) {
    const code = rustCode(text);
    if (!file.startsWith('src/binding/') && /\bnapi(_derive)?\b/.test(code)) {
      wrong.push(`${file} names napi: only src/binding does`);
    }
    if (!file.startsWith('src/core/')) continue;
    const named = paths(code);
    if (named.some((path) => path.startsWith('crate::binding'))) {
      wrong.push(`${file} names src/binding: the core asks it by traits`);
    }
    if (file.startsWith('src/core/dynamo/')) continue;
    const { names, rule } = AWS_IN_CORE.find(({ where }) => where.test(file)) ?? {};
    for (const path of named) {
      const isAllowed = ENCRYPTING.test(file) && CRYPTOGRAPHY.test(path);
      if (NETWORK.test(path) && !isAllowed)
        wrong.push(`${file} names ${path}: only src/core/dynamo sends requests`);
      if (/^aws_/.test(path) && !names?.test(path))
        wrong.push(`${file} names ${path}: ${rule} only`);
    }
  }
  const edges = usedModules(files);
  for (const { from, to } of edges) {
    const isSession = SESSIONS.some((name) => `${to}::`.startsWith(`core::${name}::`));
    if (isSession && from.startsWith('core::dynamo')) {
      wrong.push(`${from} uses ${to}: src/core/dynamo knows requests, not sessions`);
    }
  }
  return [...wrong, ...circles(edges)];
}

// Circles

/**
 * The circles in a graph.
 *
 * @param {Edge[]} edges
 * @returns {string[]}
 */
function circles(edges) {
  const graph = graphOf(edges);
  const found = new Map();
  for (const start of graph.keys()) {
    const circle = shortestWay(graph, start, start);
    const key = circle && [...circle].sort().join();
    if (key && !found.has(key)) found.set(key, circle);
  }
  return [...found.values()].map((circle) => `${[...circle, circle[0]].join(' → ')} is a circle`);
}

/** @param {Edge[]} edges */
function graphOf(edges) {
  /** @type {Map<string, Set<string>>} */
  const graph = new Map();
  for (const { from, to } of edges) graph.set(from, (graph.get(from) ?? new Set()).add(to));
  return graph;
}

/**
 * @param {Map<string, Set<string>>} graph
 * @param {string} start
 * @param {string} end
 * @returns {string[] | undefined} without the end
 */
function shortestWay(graph, start, end) {
  const ways = [[start]];
  const seen = new Set();
  for (const way of ways) {
    for (const next of graph.get(way[way.length - 1]) ?? []) {
      if (next === end) return way;
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

/**
 * The files of a folder.
 *
 * @param {string} folder
 * @param {(path: string) => boolean} isWanted
 * @returns {Files}
 */
function filesOf(folder, isWanted) {
  const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  const wanted = names.map((name) => `${folder}/${name.replaceAll('\\', '/')}`).filter(isWanted);
  return new Map(wanted.sort().map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

function main() {
  const lib = filesOf('lib', (path) => path.endsWith('.js'));
  const src = filesOf('src', (path) => /\.rs$/.test(path) && !/\/tests(\/|\.rs$)/.test(path));
  const wrong = [...wrongInJavaScript(lib), ...wrongInRust(src)];
  if (wrong.length > 0) throw new SetupError(`The layers are mixed up:\n  ${wrong.join('\n  ')}`);
  return 0;
}

module.exports = { wrongInJavaScript, wrongInRust };

if (require.main === module) program(main);

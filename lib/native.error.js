'use strict';

/**
 * The error if no addon can be loaded, with its reason and advice. This file requires no other file of the package,
 * because the package is still being loaded.
 */

/** @typedef {{ wanted: string, error: any }} LoadFailure a module, and the error of loading it */
/**
 * @typedef {object} Situation
 * @property {string} name the name of this package
 * @property {string | undefined} wanted the package for this platform; `undefined` if none is published
 * @property {Libc} libc
 * @property {string} code the code of the reported error
 * @property {string} reason the message of the reported error
 * @property {() => Iterable<NodeJS.Require>} requires the `require` functions that find packages
 */
/** @typedef {{ family: 'glibc' | 'musl' | undefined, version?: string }} Libc */

/** The platforms with a package: `napi.targets` of package.json, in Node's names. */
const PLATFORMS = [
  'darwin-arm64',
  'darwin-x64',
  'linux-arm64-gnu',
  'linux-arm64-musl',
  'linux-x64-gnu',
  'linux-x64-musl',
  'win32-arm64-msvc',
  'win32-x64-msvc',
];

/** The oldest glibc that the addon runs on. */
const GLIBC = '2.28';

/**
 * @param {string} name the name of this package
 * @param {LoadFailure[]} failures at least one
 * @param {() => Iterable<NodeJS.Require>} requires the `require` functions that find packages
 * @returns {{ message: string, cause: unknown }} the cause is the first error that is not "not found", if any
 */
function explain(name, failures, requires) {
  const libc = findLibc();
  const target = targetOf(libc);
  const wanted = PLATFORMS.includes(target) ? `${name}-${target}` : undefined;
  const first = failures.find((failure) => !isMissing(failure)) ?? failures[0];
  const reason = isMissing(first) ? 'it is not installed' : messageOf(first.error);
  /** @type {Situation} */
  const situation = { name, wanted, libc, code: String(first.error?.code), reason, requires };
  const message = [
    `The native addon of ${name} cannot be loaded.`,
    `  Platform: ${platformText(libc)}`,
    `  Wanted:   ${process.env.DYNAMO_SESSION_STORE_ADDON ?? wanted ?? 'no package is published for this platform'}`,
    `  Reason:   ${reason.trim().replaceAll('\n', '\n            ')}`,
    ...advice(situation, isMissing(first)).map((line) => `  ${line}`),
  ].join('\n');
  return { message, cause: first.error };
}

/**
 * Whether the module was not found. Otherwise it was found, but could not be loaded.
 *
 * @param {LoadFailure} failure
 */
function isMissing({ wanted, error }) {
  return error?.code === 'MODULE_NOT_FOUND' && wanted !== process.env.DYNAMO_SESSION_STORE_ADDON;
}

/** @param {any} error */
function messageOf(error) {
  return String(error?.message ?? error).split('\nRequire stack:')[0];
}

/**
 * Returns advice in whole sentences.
 *
 * @param {Situation} situation
 * @param {boolean} missing whether the addon is not installed
 * @returns {string[]}
 */
function advice(situation, missing) {
  const { name, requires, wanted } = situation;
  if (process.env.DYNAMO_SESSION_STORE_ADDON) {
    return ['The environment variable DYNAMO_SESSION_STORE_ADDON must be the path of an addon.'];
  }
  const forbidden = adviceOnPermissions(situation);
  if (forbidden) return forbidden;
  if (!missing) return adviceOnFile(situation);
  if (!wanted) {
    return [
      `There are packages for ${PLATFORMS.join(', ')}.`,
      'For another platform, build the addon from the source (npm run build, see CONTRIBUTING.md),',
      'and set DYNAMO_SESSION_STORE_ADDON to its path.',
    ];
  }
  if (isBundled()) {
    return [
      'This code runs from a bundle, and no node_modules folder beside the bundle has this package.',
      `Install ${name} where the bundle runs, or keep it out of the bundle as an external package.`,
      'docs/BUNDLERS.md in the package has the line that each bundler needs.',
    ];
  }
  const packages = PLATFORMS.map((platform) => `${name}-${platform}`);
  const others = packages.filter((each) => [...requires()].some((from) => hasPackage(from, each)));
  if (others.length > 0) {
    return [
      `Instead, ${others.join(', ')} is installed: node_modules comes from another platform.`,
      'Delete node_modules and install on this platform; do not copy node_modules into an image.',
      'To install for another platform: npm install --os=linux --cpu=x64 --libc=glibc,',
      'or "supportedArchitectures" of pnpm and Yarn.',
    ];
  }
  return [
    'The package manager has left out optional dependencies. Install without --omit=optional or',
    '--no-optional, and without "omit" or "optional" in .npmrc.',
    'If neither is set, the lock file was made on another platform, and npm has kept only the',
    'packages of that platform: delete node_modules and the lock file, and install again.',
    `Or add the package by its name: npm install --save-optional ${wanted}`,
    'If a tool has copied a part of node_modules (Next standalone), see docs/BUNDLERS.md.',
  ];
}

/**
 * Returns advice if the runtime's permissions forbid addons.
 *
 * @param {Situation} situation
 */
function adviceOnPermissions({ code, reason }) {
  if ('Deno' in globalThis && /NotCapable|PermissionDenied|--allow-ffi|ffi access/.test(reason)) {
    return [
      'Start Deno with --allow-ffi (and --allow-env, --allow-net, --allow-read), or with -A.',
    ];
  }
  if (code === 'ERR_DLOPEN_DISABLED') {
    return [
      'Node was started with --permission or --no-addons. With --permission, add --allow-addons;',
      'leave --no-addons out.',
    ];
  }
  if (code === 'ERR_ACCESS_DENIED') {
    return [
      'Node was started with --permission: add --allow-addons, and --allow-fs-read for node_modules.',
    ];
  }
  return undefined;
}

/**
 * Returns advice if an addon was found but cannot be loaded.
 *
 * @param {Situation} situation
 */
function adviceOnFile({ wanted, libc, reason }) {
  const again =
    'Delete node_modules and install again, on the platform where the program will run.';
  if (/version [`'"]?GLIBC_/.test(reason)) {
    return [
      `The addon needs glibc ${GLIBC} or later, as Node 20 does: use a newer system or image.`,
    ];
  }
  const lacksGlibc = /ld-linux|libc\.so\.6|libgcc_s|symbol not found/i.test(reason);
  const lacksMusl = /musl/.test(reason);
  if ((libc.family === 'musl' && lacksGlibc) || (libc.family === 'glibc' && lacksMusl)) {
    const [here, there] = libc.family === 'musl' ? ['musl', 'glibc'] : ['glibc', 'musl'];
    return [
      `The addon is for ${there}, and this system has ${here}: node_modules comes from another image.`,
      again,
      `To install elsewhere for this system: npm install --os=linux --cpu=${process.arch} --libc=${here}`,
    ];
  }
  if (
    /file too short|truncated|too small|file data|invalid ELF header|not a mach-o|not a valid Win32|exec format/i.test(
      reason,
    )
  ) {
    return [
      `The file of ${wanted ?? 'the addon'} is damaged, or was built for another platform.`,
      again,
    ];
  }
  if (/wrong ELF class|incompatible architecture|not supported by this machine/i.test(reason)) {
    return [`The addon was built for another processor than this Node (${process.arch}).`, again];
  }
  if (/failed to map segment|Operation not permitted/i.test(reason)) {
    return [
      'The file system does not allow programs to load code from it: if it is mounted with "noexec",',
      'mount it without.',
    ];
  }
  return [again];
}

/** Whether this code runs from a bundle. */
function isBundled() {
  return typeof __filename !== 'string' || !/[\\/]native\.error\.js$/.test(__filename);
}

/**
 * @param {NodeJS.Require} from
 * @param {string} name
 */
function hasPackage(from, name) {
  try {
    return Boolean(from.resolve(`${name}/package.json`));
  } catch {
    return false;
  }
}

/** The report of the process. Undefined if the runtime is not Node, or must not make reports. @returns {any} */
function report() {
  try {
    // Otherwise the report looks up the host names of open connections, which may take seconds.
    Object.assign(process.report, { excludeNetwork: true });
    return process.report.getReport();
  } catch {
    return undefined;
  }
}

/** The files of the shared libraries and addons that the process has loaded. @returns {string[]} */
function sharedObjects() {
  return report()?.sharedObjects ?? [];
}

/** @returns {Libc} */
function findLibc() {
  if (process.platform !== 'linux') return { family: undefined };
  const found = report();
  const version = found?.header?.glibcVersionRuntime;
  if (version) return { family: 'glibc', version };
  const isMusl = (/** @type {string} */ file) => /ld-musl-|libc\.musl-/.test(file);
  return { family: found?.sharedObjects?.some(isMusl) ? 'musl' : undefined };
}

/** @param {Libc} libc */
function targetOf({ family }) {
  const { arch, platform } = process;
  const linux = family === 'musl' ? '-musl' : '-gnu';
  const variant = platform === 'linux' ? linux : platform === 'win32' ? '-msvc' : '';
  return `${platform}-${arch}${variant}`;
}

/** @param {Libc} libc */
function platformText({ family, version }) {
  const { arch, platform, versions } = process;
  const runtime = ['bun', 'deno'].find((name) => versions[name]) ?? 'node';
  const parts = [
    `${platform} ${arch}`,
    platform === 'linux' && [family ?? 'an unknown C library', version].filter(Boolean).join(' '),
    `${runtime === 'node' ? 'Node' : runtime} ${versions[runtime]}`,
  ];
  return parts.filter(Boolean).join(', ');
}

module.exports = { GLIBC, PLATFORMS, explain, findLibc, sharedObjects };

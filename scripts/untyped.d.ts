// Packages without declarations.
declare module 'cli-progress';
declare module 'semver';
declare module 'spdx-expression-parse';

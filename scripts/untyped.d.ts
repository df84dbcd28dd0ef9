// Packages without declarations.
declare module 'semver';
declare module 'spdx-expression-parse';

/** The types that the files of the benchmark share. */

/** A value whose type only the mode that has measured it knows. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Value = any;

export type Framework = 'express' | 'koa' | 'shopify';
export type Operation = 'get' | 'set' | 'touch' | 'destroy';

/** How an item keeps a session. */
export type Format = 'connect' | 'koa' | 'dynamodb-store' | 'shopify';

/** Where a store has its sessions. */
export interface Place {
  endpoint: string;
  table: string;
}

/** What the calls of a store are made for. */
export interface Target extends Place {
  /** How many sessions the calls go round. */
  ids: number;
  /** The length of a session as JSON. */
  sessionBytes: number;
}

interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

/** A place with the settings of a client for it. */
export interface Connection extends Place {
  config: { endpoint: string; region: string; credentials: Credentials };
}

export interface Opened {
  store: Value;
  /** Lets go of what the store has opened. */
  close?: () => unknown;
  /** How many events the subscribers of the store's channels have got; missing: nobody subscribes. */
  countEvents?: () => number;
}

/** What an entry of `subjects/` says; without a framework it is Express, without a format `connect`. */
export interface Entry {
  /** For the tables and the charts. */
  label: string;
  /** The names of the modes that measure it. */
  modes: string;
  /** Only this package's stores take further options. */
  open(connection: Connection, options?: object): Opened | Promise<Opened>;
  /** The store's calls are made as this framework makes them. */
  framework?: Framework;
  /** Of its items; `none`: there are none. */
  format?: Format | 'redis' | 'memory' | 'none';
  /** Whether it is drawn. */
  chart?: boolean;
  /** The operations that are measured, if not all of its framework. */
  operations?: Operation[];
}

/** What is measured: a store, as a rule. */
export interface Subject extends Entry {
  name: string;
  framework: Framework;
  format: NonNullable<Entry['format']>;
}

export type Calls = Partial<Record<Operation, (index: number) => Promise<Value>>>;

/** What became of a call. */
export interface Outcome {
  /** Milliseconds from the call to its callback. */
  time: number;
  /** Of its failure; missing if the call succeeded. */
  code?: string;
}

/** How many calls failed with each code. */
export type Failures = Record<string, number>;

export interface Server {
  endpoint: string;
  stop(): Promise<void>;
}

export interface CannedServer extends Server {
  /** The most connections that were open at a time since this was last asked. */
  countConnections(): Promise<number>;
  awaitNoConnection(): Promise<void>;
}

export interface CannedOptions {
  format?: Format;
  sessionBytes?: number;
  /** In milliseconds. */
  latency?: number;
  /** One of so many requests for items is throttled; 0: none is. */
  failEvery?: number;
  /** Whether it speaks HTTPS; clients trust it with `AUTHORITY`. */
  tls?: boolean;
  /** When its sessions end, in seconds since the Unix epoch. */
  expires?: number;
}

/** The options of the command line that all modes know. A mode may have more, and other defaults. */
export interface Options {
  rounds: number;
  /** How long each operation, or mix of them, is measured. */
  seconds: number;
  inFlight: number;
  /** Seconds at the begin of a process that are not measured. */
  settle: number;
  quick: boolean;
  [name: string]: Value;
}

/** The conditions of a measurement, such as the size of sessions. */
export type Run = Record<string, Value>;

/** A measurement: its conditions and its results. */
export interface Row {
  mode: string;
  subject: string;
  round: number;
  [name: string]: Value;
}

export interface Mode {
  name: string;
  /** Whether it runs only if `--only` names it. */
  alone?: boolean;
  /** Whether further rounds would have the same result. */
  once?: boolean;
  /** The defaults of its options, in the command line's words. */
  options?: Record<string, number | number[]>;
  /** Those with `--quick`. */
  quick?: Record<string, number>;
  runs(options: Options): Run[];
  /** By default the subjects that take part in the mode. */
  subjects?: { name: string }[];
  /** Returns the results: an object, or several. `options` also has the number of the round. */
  measure(bench: Bench, subject: Subject, run: Run, options: Options): Value;
  tables(rows: Row[], options: Options): Table[];
}

export interface Column {
  head: string;
  /** The cell of a row, or the name of a property of the row. */
  of: string | ((row: Row) => string | number | null | undefined);
  /** Of a number. */
  format?(value: number): string;
  /** With it, a column follows with how many times better the row is than its baseline. */
  better?: 'more' | 'less';
}

export interface Table {
  title: string;
  rows: Row[];
  columns: Column[];
  /** The row that a row is compared with. */
  baselineOf?(row: Row): Row | undefined;
}

/** A measurement that is missing. */
export interface Missing {
  subject: string;
  mode: string;
  reason: string;
}

export interface Results {
  machine: { cpu: string; cores: number; platform: string; node: string; date: string };
  addon: { bytes: number; debug: boolean };
  options: Pick<Options, 'rounds' | 'seconds' | 'inFlight'>;
  rows: Row[];
  skipped: Missing[];
  failed: Missing[];
}

export type Bench = import('./lib/bench').Bench;

/** Parameters and experiments of Sinan, evaluated in this process. Reading a value never fails and never waits. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Type = "bool" | "int" | "double" | "string" | "json";
export type Reason = "STATIC" | "DEFAULT" | "TARGETING_MATCH" | "SPLIT" | "ERROR";
export type Status = "not_ready" | "ready" | "stale";

/** Texts, numbers, booleans, dates and lists of texts; of anything else nothing is seen. */
export type Attributes = Record<string, unknown>;

/** What is known about who asks. Immutable: make one per user and share it. */
export class Context {
  /** `groups` forces groups by experiment (tests); `now` is the time at which schedules are read (a bigint: microseconds since 1970). */
  constructor(attributes?: Attributes, options?: { groups?: Record<string, string>; now?: Date | bigint });
  readonly encoded: Uint8Array;
}

/** A value and why it is that. */
export interface Details<T = unknown> {
  parameter: string;
  value: T;
  reason: Reason;
  /** Why the caller's default was given, where it was. */
  errorCode?: "FLAG_NOT_FOUND" | "TYPE_MISMATCH" | "INVALID_CONTEXT" | "GENERAL";
  errorMessage?: string;
  type?: Type;
  /** The group; "rule" or "default" where no experiment decided. */
  variant?: string;
  /** Of the configuration; a bigint beyond 2^53. */
  version: number | bigint;
  /** An experiment would have applied, had the context its unit. */
  missingUnit: boolean;
  experiment?: string;
  group?: string;
  /** Not of a forced group. */
  bucket?: number;
  /** The experiments whose group the value depends on. */
  exposures: { experiment: string; group: string }[];
}

export interface EvaluatorOptions {
  /** Called when code reads a value that depends on the unit's group, before it gets the value. What it throws is dropped. */
  onExposure?: (details: Details, context: Context) => void;
}

export interface Prefetched {
  details(parameter: string, fallback?: unknown): Details;
  value<T>(parameter: string, fallback: T): T;
}

export interface Evaluator {
  readonly version: number | bigint;
  /** Throws SnapshotError for a snapshot that is damaged, older, or of another project; the one in use stays. */
  load(snapshot: Uint8Array | ArrayBuffer): void;
  parameters(): string[];
  /** Reads since the evaluator was made. */
  accesses(parameter: string): number;

  boolean(parameter: string, fallback: boolean, context?: Context | Attributes): boolean;
  /** Of int and double parameters; an int beyond 2^53 loses its last digits. */
  number(parameter: string, fallback: number, context?: Context | Attributes): number;
  /** Of int parameters, exactly. */
  bigint(parameter: string, fallback: bigint, context?: Context | Attributes): bigint;
  string(parameter: string, fallback: string, context?: Context | Attributes): string;
  json<T extends Json>(parameter: string, fallback: T, context?: Context | Attributes): T;
  /** `type`: what the caller can use; without it, any. A value of an int beyond 2^53 is a bigint. */
  details<T>(parameter: string, fallback: T, context?: Context | Attributes, options?: { type?: Type; prefetch?: boolean }): Details<T>;

  /** The values of all parameters, for later. Nothing is counted and nobody exposed until one is read. */
  prefetch(context?: Context | Attributes): Prefetched;
  /** A line for each decision on the way to the value. */
  explain(parameter: string, context?: Context | Attributes): string;
  /** For tests: these values, whatever the configuration says, until the function that is given back is called. */
  override(values: Record<string, unknown>): () => void;
}

export interface SnapshotCache {
  read(): Promise<Uint8Array | undefined>;
  write(snapshot: Uint8Array): Promise<void>;
}

/** All times in milliseconds. */
export interface ClientOptions extends EvaluatorOptions {
  token?: string;
  /** Where the last known good snapshot is kept: a file (Node.js), a name in localStorage (browsers), or something of your own. */
  cache?: string | SnapshotCache;
  /** Told when the last known snapshot cannot be read or kept. */
  onWarning?: (message: string) => void;
  /** How long connect() waits for the server at most: 5000. */
  wait?: number;
  /** Between requests while nothing changes, held by the server where it can: 30000. */
  poll?: number;
  /** For an answer, beyond what the server may hold it: 5000. */
  timeout?: number;
}

export interface Client extends Evaluator {
  readonly status: Status;
  readonly lastError?: string;
  /** Gives back what takes the listener away again. */
  onChange(listener: (event: "ready" | "stale" | "changed" | "error") => void): () => void;
  /** Ends the requests; the values stay. */
  close(): Promise<void>;
}

export class SnapshotError extends Error {}

export function createEvaluator(options?: EvaluatorOptions): Promise<Evaluator>;
/** Rejects for an address that is none, and never for a server that is away: then the last known snapshot counts, or the callers' defaults. */
export function connect(url: string, options?: ClientOptions): Promise<Client>;

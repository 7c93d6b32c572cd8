import type { Client, ClientOptions } from "./index.js";

interface Provided {
  events?: unknown;
  resolveBooleanEvaluation: unknown;
  resolveStringEvaluation: unknown;
  resolveNumberEvaluation: unknown;
  resolveObjectEvaluation: unknown;
}

/** What the providers for servers and for web pages share; `Interface` is the provider of the OpenFeature SDK. */
export class Provider<Interface extends Provided> {
  /** The arguments of connect(). */
  constructor(url: string, options?: ClientOptions);
  readonly metadata: { name: "sinan" };
  readonly client?: Client;
  readonly events: NonNullable<Interface["events"]>;
  initialize(): Promise<void>;
  onClose(): Promise<void>;
  resolveBooleanEvaluation: Interface["resolveBooleanEvaluation"];
  resolveStringEvaluation: Interface["resolveStringEvaluation"];
  resolveNumberEvaluation: Interface["resolveNumberEvaluation"];
  resolveObjectEvaluation: Interface["resolveObjectEvaluation"];
}

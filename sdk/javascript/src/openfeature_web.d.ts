import type { Provider } from "@openfeature/web-sdk";
import type { Client, ClientOptions } from "./index.js";

export class SinanProvider implements Provider {
  constructor(url: string, options?: ClientOptions);
  readonly metadata: { name: "sinan" };
  readonly runsOn: "client";
  readonly client?: Client;
  readonly events: NonNullable<Provider["events"]>;
  initialize(): Promise<void>;
  onClose(): Promise<void>;
  resolveBooleanEvaluation: Provider["resolveBooleanEvaluation"];
  resolveStringEvaluation: Provider["resolveStringEvaluation"];
  resolveNumberEvaluation: Provider["resolveNumberEvaluation"];
  resolveObjectEvaluation: Provider["resolveObjectEvaluation"];
}

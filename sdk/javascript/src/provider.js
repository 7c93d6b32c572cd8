// What the OpenFeature providers for servers and for web pages share. They answer what the server's OFREP answers for the same context: an
// attribute `targetingKey` is also `user_id` where the context has none, and where an experiment lacks its unit the answer is
// TARGETING_KEY_MISSING.

import { Context } from "./context.js";

const messages = {
  FLAG_NOT_FOUND: "no such parameter",
  TYPE_MISMATCH: "the parameter has another type",
  INVALID_CONTEXT: "the context has too many attributes",
};

export class Provider {
  metadata = { name: "sinan" };
  client;
  events;
  #connect;
  #sdk;
  #told;

  // `sdk` has the names of the OpenFeature SDK that is used here.
  constructor(connect, sdk) {
    this.events = new sdk.OpenFeatureEventEmitter();
    this.#connect = connect;
    this.#sdk = sdk;
  }

  async initialize() {
    this.client = await this.#connect();
    this.client.onChange((event) => this.#tell(event));
    this.#told = this.client.status;
    if (this.client.status === "not_ready") {
      // The client goes on trying, and READY is told when it has a snapshot.
      throw new this.#sdk.ProviderNotReadyError(this.client.lastError ?? "the server has not answered in time");
    }
    // Who has only the last known snapshot becomes READY by returning, and STALE when the server has not answered again.
    this.#told = "ready";
  }

  async onClose() {
    await this.client?.close();
  }

  resolveBooleanEvaluation(key, fallback, context) {
    return this.resolve(key, fallback, context, "bool");
  }
  resolveStringEvaluation(key, fallback, context) {
    return this.resolve(key, fallback, context, "string");
  }
  resolveNumberEvaluation(key, fallback, context) {
    return this.resolve(key, fallback, context, "double");
  }
  resolveObjectEvaluation(key, fallback, context) {
    return this.resolve(key, fallback, context, "json");
  }

  #tell(event) {
    const { ProviderEvents } = this.#sdk;
    const details = { message: this.client.lastError, metadata: { configVersion: Number(this.client.version) } };
    if (event === "changed") {
      // Of which flags is not known: a parameter may decide over any other.
      if (this.#told !== "not_ready") this.events.emit(ProviderEvents.ConfigurationChanged, details);
    } else if (this.client.status !== this.#told) {
      this.#told = this.client.status;
      this.events.emit(this.#told === "ready" ? ProviderEvents.Ready : ProviderEvents.Stale, details);
    }
  }

  resolve(key, fallback, given, type) {
    const failure = (errorCode, errorMessage) => ({ value: fallback, reason: "ERROR", errorCode, errorMessage });
    if (this.client === undefined || this.client.status === "not_ready") {
      return failure("PROVIDER_NOT_READY", "there is no configuration yet");
    }
    const details = this.client.details(key, fallback, contextOf(given), { type });
    if (details.missingUnit) {
      return failure("TARGETING_KEY_MISSING", "an experiment would apply, but the context lacks its unit");
    }
    if (details.errorCode !== undefined) {
      return failure(details.errorCode, `${messages[details.errorCode] ?? details.errorMessage}: ${key}`);
    }
    return { value: details.value, reason: details.reason, variant: details.variant, flagMetadata: metadataOf(details) };
  }
}

function contextOf(given = {}) {
  const { targetingKey } = given;
  const isKey = typeof targetingKey === "string" && (given.user_id === undefined || given.user_id === null);
  return new Context(isKey ? { ...given, user_id: targetingKey } : given);
}

function metadataOf(details) {
  const metadata = { configVersion: Number(details.version), exposure: details.exposures.length > 0 };
  if (details.experiment !== undefined) {
    metadata.experiment = details.experiment;
    metadata.group = details.group;
    if (details.bucket !== undefined) metadata.bucket = details.bucket;
  }
  if (details.exposures.length > 0) {
    metadata.experiments = details.exposures.map(({ experiment, group }) => `${experiment}:${group}`).join(";");
  }
  return metadata;
}

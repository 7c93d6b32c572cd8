// The OpenFeature provider for @openfeature/server-sdk.
//
//     await OpenFeature.setProviderAndWait(new SinanProvider("http://localhost:8080", { cache: "flags.snapshot" }));

import { OpenFeatureEventEmitter, ProviderEvents, ProviderNotReadyError } from "@openfeature/server-sdk";

import { connect } from "./node.js";
import { Resolver } from "./provider.js";

export class SinanProvider {
  runsOn = "server";
  events = new OpenFeatureEventEmitter();
  #resolver;

  // The arguments of connect().
  constructor(url, options) {
    this.#resolver = new Resolver(() => connect(url, options), this.events, { ProviderEvents, ProviderNotReadyError });
  }
  get metadata() {
    return this.#resolver.metadata;
  }
  get client() {
    return this.#resolver.client;
  }
  initialize() {
    return this.#resolver.initialize();
  }
  onClose() {
    return this.#resolver.close();
  }
  async resolveBooleanEvaluation(key, fallback, context) {
    return this.#resolver.resolve(key, fallback, context, "bool");
  }
  async resolveStringEvaluation(key, fallback, context) {
    return this.#resolver.resolve(key, fallback, context, "string");
  }
  async resolveNumberEvaluation(key, fallback, context) {
    return this.#resolver.resolve(key, fallback, context, "double");
  }
  async resolveObjectEvaluation(key, fallback, context) {
    return this.#resolver.resolve(key, fallback, context, "json");
  }
}

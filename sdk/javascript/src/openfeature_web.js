// The OpenFeature provider for @openfeature/web-sdk.
//
//     await OpenFeature.setProviderAndWait(new SinanProvider("http://localhost:8080", { cache: "flags" }));

import { OpenFeatureEventEmitter, ProviderEvents, ProviderNotReadyError } from "@openfeature/web-sdk";

import { connect } from "@sinan/experiment";
import { Resolver } from "./provider.js";

export class SinanProvider {
  runsOn = "client";
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
  resolveBooleanEvaluation(key, fallback, context) {
    return this.#resolver.resolve(key, fallback, context, "bool");
  }
  resolveStringEvaluation(key, fallback, context) {
    return this.#resolver.resolve(key, fallback, context, "string");
  }
  resolveNumberEvaluation(key, fallback, context) {
    return this.#resolver.resolve(key, fallback, context, "double");
  }
  resolveObjectEvaluation(key, fallback, context) {
    return this.#resolver.resolve(key, fallback, context, "json");
  }
}

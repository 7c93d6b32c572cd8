// The OpenFeature provider for @openfeature/web-sdk.
//
//     await OpenFeature.setProviderAndWait(new SinanProvider("http://localhost:8080", { cache: "flags" }));

import { OpenFeatureEventEmitter, ProviderEvents, ProviderNotReadyError } from "@openfeature/web-sdk";

import { connect } from "@sinan/experiment";
import { Provider } from "./provider.js";

export class SinanProvider extends Provider {
  runsOn = "client";

  // The arguments of connect().
  constructor(url, options) {
    super(() => connect(url, options), { OpenFeatureEventEmitter, ProviderEvents, ProviderNotReadyError });
  }
}

// The OpenFeature provider for @openfeature/server-sdk.
//
//     await OpenFeature.setProviderAndWait(new SinanProvider("http://localhost:8080", { cache: "flags.snapshot" }));

import { OpenFeatureEventEmitter, ProviderEvents, ProviderNotReadyError } from "@openfeature/server-sdk";

import { connect } from "./node.js";
import { Provider } from "./provider.js";

export class SinanProvider extends Provider {
  runsOn = "server";

  // The arguments of connect().
  constructor(url, options) {
    super(() => connect(url, options), { OpenFeatureEventEmitter, ProviderEvents, ProviderNotReadyError });
  }

  // Promises, which this SDK asks for.
  async resolve(...given) {
    return super.resolve(...given);
  }
}

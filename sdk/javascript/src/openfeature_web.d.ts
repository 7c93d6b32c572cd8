import type { Provider as Interface } from "@openfeature/web-sdk";
import { Provider } from "./provider.js";

export class SinanProvider extends Provider<Interface> implements Interface {
  readonly runsOn: "client";
}

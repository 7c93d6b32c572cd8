import type { Provider as Interface } from "@openfeature/server-sdk";
import { Provider } from "./provider.js";

export class SinanProvider extends Provider<Interface> implements Interface {
  readonly runsOn: "server";
}

// Evaluates flags through the published OpenFeature server SDK for JavaScript and its OFREP provider. Reads one JSON request a line
// ({"key", "type", "default", "context"}), writes one JSON answer a line.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const require = createRequire(process.argv[2] + "/");
const { OpenFeature } = require("@openfeature/server-sdk");
const { OFREPProvider } = require("@openfeature/ofrep-provider");

await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: process.argv[3] }));
const client = OpenFeature.getClient();
const getters = {
  boolean: (...a) => client.getBooleanDetails(...a),
  string: (...a) => client.getStringDetails(...a),
  integer: (...a) => client.getNumberDetails(...a),
  double: (...a) => client.getNumberDetails(...a),
  object: (...a) => client.getObjectDetails(...a),
};
for await (const line of createInterface({ input: process.stdin })) {
  const { key, type, default: fallback, context } = JSON.parse(line);
  const details = await getters[type](key, fallback, context);
  console.log(JSON.stringify(details));
}

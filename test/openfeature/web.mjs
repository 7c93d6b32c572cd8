// Runs in the browser: the published OpenFeature web SDK with its OFREP provider, unchanged, reads what to ask from the page's own
// server, and tells it the answers; then the value that a flag has after the server has announced a change.
import { OpenFeature, ProviderEvents } from "@openfeature/web-sdk";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";

const tell = (path, body) => fetch(path, { method: "POST", body: JSON.stringify(body) });

try {
  const { url, asked, watched } = await (await fetch("/asked")).json();
  const client = OpenFeature.getClient();
  const getters = {
    boolean: (...a) => client.getBooleanDetails(...a),
    string: (...a) => client.getStringDetails(...a),
    integer: (...a) => client.getNumberDetails(...a),
    double: (...a) => client.getNumberDetails(...a),
    object: (...a) => client.getObjectDetails(...a),
  };
  // By default the provider answers first from what it has stored for the targeting key, whatever the other attributes are.
  const provider = new OFREPWebProvider({ baseUrl: url, cacheMode: "network-first" });
  await OpenFeature.setProviderAndWait(provider, asked[0].context);
  const answers = [];
  for (const { key, type, default: fallback, context } of asked) {
    await OpenFeature.setContext(context);
    answers.push(getters[type](key, fallback));
  }
  OpenFeature.addHandler(ProviderEvents.ConfigurationChanged, () => {
    tell("/changed", getters[watched.type](watched.key, watched.default).value);
  });
  await tell("/answers", answers);
} catch (error) {
  await tell("/failed", String(error?.stack ?? error));
}

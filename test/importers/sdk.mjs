// What the platforms' published JavaScript SDKs answer: node sdk.mjs PLATFORM. Reads {"document", "contexts", "flags"} a line,
// writes {"answers": [{flag: value}, ..]} a line. A flag for which the SDK gives its caller's default is left out.
import { createInterface } from "node:readline";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

const platforms = {
  growthbook() {
    const { GrowthBookClient } = require("@growthbook/growthbook");
    return (document) => {
      const client = new GrowthBookClient().initSync({ payload: document });
      return (context, flag) => client.evalFeature(flag, { attributes: context }).value;
    };
  },
  flagd() {
    const { FlagdCore } = require("@openfeature/flagd-core");
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    return (document) => {
      const core = new FlagdCore(undefined, silent);
      core.setConfigurations(JSON.stringify(document));
      return (context, flag) => {
        const asked = core.getFlag(flag);
        if (asked === undefined || asked.state === "DISABLED") return undefined;
        const { value, errorCode } = asked.evaluate(context);
        if (errorCode) throw new Error(`${flag}: ${errorCode}`);
        return value;
      };
    };
  },
  unleash() {
    const Client = require("unleash-client/lib/client.js").default;
    const { defaultStrategies } = require("unleash-client/lib/strategy/index.js");
    return (document) => {
      const features = new Map(document.features.map((feature) => [feature.name, feature]));
      const segments = new Map((document.segments ?? []).map((segment) => [segment.id, segment]));
      const repository = { getToggle: (name) => features.get(name), getSegment: (id) => segments.get(id) };
      const client = new Client(repository, defaultStrategies);
      client.on("warn", () => {});
      return (context, flag) => {
        const [, name, part] = flag.match(/^(.*?)(?:\.(variant|payload))?$/);
        if (!part) return client.isEnabled(name, context, () => false);
        const variant = client.getVariant(name, context);
        if (part === "variant") return variant.name;
        if (variant.payload === undefined) return undefined;
        const { type, value } = variant.payload;
        return type === "json" ? JSON.parse(value) : type === "number" ? Number(value) : value;
      };
    };
  },
};

const load = platforms[process.argv[2]]();
for await (const line of createInterface({ input: process.stdin })) {
  const { document, contexts, flags } = JSON.parse(line);
  const evaluate = load(document);
  const answers = contexts.map((context) => Object.fromEntries(flags.map((flag) => [flag, evaluate(context, flag)])));
  console.log(JSON.stringify({ answers }));
}

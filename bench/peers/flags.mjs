// Evaluations of another platform's SDK on one thread: node flags.mjs growthbook|flagd FLAGS CONTEXTS. Prints {flag: {"seconds": of one
// evaluation, processor time, median of the turns, "answers": [..]}}. Contexts are made before the clock runs, as on our side.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [platform, flags, contexts] = process.argv.slice(2);
const require = createRequire(new URL("../../test/importers/", import.meta.url));
const document = JSON.parse(readFileSync(flags));
const asked = JSON.parse(readFileSync(contexts));

const platforms = {
  growthbook() {
    const { GrowthBookClient } = require("@growthbook/growthbook");
    const client = new GrowthBookClient().initSync({ payload: document });
    const users = asked.map((attributes) => ({ attributes }));
    return (flag) => (i) => client.evalFeature(flag, users[i]).value;
  },
  flagd() {
    const { FlagdCore } = require("@openfeature/flagd-core");
    const silent = { debug() {}, info() {}, warn() {}, error() {} };
    const core = new FlagdCore(undefined, silent);
    core.setConfigurations(JSON.stringify(document));
    return (flag) => (i) => core.resolveStringEvaluation(flag, "none", asked[i], silent).value;
  },
};

const TURNS = 9;
const ROUNDS = 20;
const evaluate = platforms[platform]();
const out = {};
for (const flag of ["static", "split"]) {
  const ask = evaluate(flag);
  const answers = asked.map((_, i) => ask(i));
  const seconds = [];
  for (let turn = 0; turn < TURNS + 3; ++turn) {
    const before = process.cpuUsage();
    let wrong = 0;
    for (let round = 0; round < ROUNDS; ++round) {
      for (let i = 0; i < asked.length; ++i) wrong += ask(i) === answers[i] ? 0 : 1;
    }
    const { user, system } = process.cpuUsage(before);
    if (wrong > 0) throw new Error(`${flag}: answers change`);
    if (turn >= 3) seconds.push((user + system) / 1e6 / (ROUNDS * asked.length));
  }
  out[flag] = { seconds: seconds.sort((a, b) => a - b)[TURNS >> 1], answers };
}
console.log(JSON.stringify(out));

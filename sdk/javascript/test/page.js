// Runs in a page (browser.test.js): the shared vectors, then a server whose address is asked for, by steps that the test tells.
import { OpenFeature } from "@openfeature/web-sdk";
import { Context, connect, createEvaluator } from "@sinan/experiment";
import { SinanProvider } from "@sinan/experiment/openfeature-web";

import { checkVectors } from "./vectors.js";

const read = async (name) => new Uint8Array(await (await fetch(`/vectors/${name}`)).arrayBuffer());

// Tells the test, which answers when the page is to go on, and with what.
async function step(name, told) {
  const answer = await fetch("/step", { method: "POST", body: JSON.stringify({ name, told }) });
  return answer.json();
}

async function run() {
  const { names, url } = await step("loaded", navigator.userAgent);
  await step("vectors", await checkVectors(names, read, createEvaluator, Context));

  const client = await connect(url, { cache: "flags", wait: 60000 });
  const changed = new Promise((done) => client.onChange((event) => event === "changed" && done()));
  await step("connected", [client.status, client.number("search.results", 1)]);
  await changed;
  await step("changed", client.number("search.results", 1));

  await OpenFeature.setContext({ targetingKey: "u1", device: "phone" });
  await OpenFeature.setProviderAndWait(new SinanProvider(url, { wait: 60000 }));
  await step("openfeature", OpenFeature.getClient().getNumberDetails("search.results", 1));
  await OpenFeature.close();
  await client.close();

  // The server is away now: what the page's storage has counts.
  const { nowhere } = await step("closed");
  const kept = await connect(nowhere, { cache: "flags", wait: 300 });
  await step("kept", [kept.status, kept.number("search.results", 1)]);
}

run().catch((error) => step("failed", `${error.stack}`));

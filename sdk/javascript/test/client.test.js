// The client and the OpenFeature providers against a real `sinan serve`. SINAN_BINARY names the program.
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { OpenFeature as Server_, ProviderEvents } from "@openfeature/server-sdk";
import { OpenFeature as Web } from "@openfeature/web-sdk";
import { connect } from "@sinan/experiment";
import { SinanProvider } from "@sinan/experiment/openfeature-server";
import { SinanProvider as WebProvider } from "@sinan/experiment/openfeature-web";

import { Server, makeGateway, until } from "./served.js";

const context = { city: "Oslo", app_version: "3.10.1" };
const results = (client) => client.number("search.results", 1);

async function served(t) {
  const server = await Server.make();
  t.after(() => server.remove());
  const folder = mkdtempSync(join(tmpdir(), "sinan-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const open = async (options = {}, url = server.url) => {
    const client = await connect(url, { wait: 60000, ...options });
    t.after(() => client.close());
    return client;
  };
  return { server, cache: join(folder, "flags.snapshot"), open };
}

test("a change is seen", async (t) => {
  const { server, open } = await served(t);
  const client = await open();
  assert.equal(client.status, "ready");
  assert.equal(results(client), 20);
  let slowest = 0;
  for (let value = 30; value < 36; value += 1) {
    await server.run(`ALTER PARAMETER search.results SET DEFAULT ${value}`);
    const begin = performance.now();
    await until(client, () => results(client) === value);
    slowest = Math.max(slowest, performance.now() - begin);
  }
  t.diagnostic(`a change is seen ${slowest.toFixed(0)} ms after its program has ended, at most`);
});

test("server away, then the last known values, then defaults", async (t) => {
  const { server, cache, open } = await served(t);
  const client = await open({ cache });
  await server.run("ALTER PARAMETER search.results SET DEFAULT 21");
  await until(client, () => results(client) === 21);
  await server.kill();
  await until(client, () => client.status === "stale");
  assert.equal(results(client), 21);

  const restarted = await open({ cache, wait: 2000 });
  assert.deepEqual([restarted.status, results(restarted)], ["stale", 21]);
  const bare = await open({ wait: 2000 });
  assert.deepEqual([bare.status, results(bare)], ["not_ready", 1]);

  await server.start();
  await until(bare, () => bare.status === "ready");
  await server.run("ALTER PARAMETER search.results SET DEFAULT 22");
  await until(bare, () => results(bare) === 22);
  await until(client, () => client.status === "ready" && results(client) === 22);
});

test("a server that does not answer is not waited for", async (t) => {
  const silent = createServer(() => undefined).listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => silent.close());
  const begin = performance.now();
  const client = await connect(`http://127.0.0.1:${silent.address().port}`, { wait: 300, timeout: 60000 });
  t.diagnostic(`the start took ${(performance.now() - begin).toFixed(0)} ms`);
  assert.deepEqual([client.status, results(client)], ["not_ready", 1]);
  await client.close();
  assert.equal(results(client), 1);
});

test("where answers are not held it asks; what is damaged or older is refused", async (t) => {
  const { server, cache, open } = await served(t);
  const older = [];
  const gateway = await makeGateway(server, { change: (body) => older.push(body) && body });
  t.after(() => gateway.close());
  const client = await open({ cache, poll: 50 }, gateway.url);
  const changed = new Promise((done) => client.onChange((event) => event === "changed" && done()));
  await server.run("ALTER PARAMETER search.results SET DEFAULT 24");
  await changed;
  assert.equal(results(client), 24);
  assert.ok(readFileSync(cache).equals(older.at(-1)));
  for (const [change, message] of [
    [(body) => body.map((byte, i) => (i === body.length - 1 ? byte ^ 1 : byte)), "checksum"],
    [(body) => body.subarray(0, body.length / 2), "damaged"],
    [() => new TextEncoder().encode("<html>"), "damaged"],
    [() => older[0], "older"],
  ]) {
    const kept = readFileSync(cache);
    gateway.change = change;
    await until(client, () => client.lastError?.includes(message) === true);
    assert.deepEqual([client.status, results(client)], ["stale", 24]);
    assert.ok(readFileSync(cache).equals(kept));
  }
  gateway.change = (body) => body;
  await until(client, () => client.status === "ready");
});

test("an answer that never comes is given up", async (t) => {
  const { server, open } = await served(t);
  const gateway = await makeGateway(server, { waiting: "never" });
  t.after(() => gateway.close());
  const client = await open({ poll: 1000, timeout: 500 }, gateway.url);
  while (gateway.waits < 2) await once(gateway, "wait");
  await server.run("ALTER PARAMETER search.results SET DEFAULT 27");
  await until(client, () => results(client) === 27);
});

test("an answer that is cut off says nothing yet", async (t) => {
  const { server, open } = await served(t);
  const gateway = await makeGateway(server, { waiting: "cut" });
  t.after(() => gateway.close());
  const client = await open({ poll: 1000 }, gateway.url);
  const told = [];
  client.onChange((event) => told.push(event));
  while (gateway.waits < 3) await once(gateway, "wait");
  assert.deepEqual([client.status, told], ["ready", []]);
  await server.run("ALTER PARAMETER search.results SET DEFAULT 28");
  await until(client, () => results(client) === 28);
  assert.deepEqual(told, ["changed"]);
});

test("what a killed writer left is removed", async (t) => {
  const { cache, open } = await served(t);
  const [old, recent] = ["a", "b"].map((digit) => `${cache}.${digit.repeat(16)}.tmp`);
  for (const leftover of [old, recent]) writeFileSync(leftover, "SINANEXP");
  const then = new Date(Date.now() - 90_000);
  utimesSync(old, then, then);
  await open({ cache });
  assert.deepEqual([old, recent, cache].map(existsSync), [false, true, true]);
});

test("a damaged file is left aside", async (t) => {
  const { server, cache, open } = await served(t);
  writeFileSync(cache, "SINANEXP and then nothing");
  const client = await open({ cache });
  assert.equal(results(client), 20);
  await client.close();
  await server.kill();
  assert.equal(results(await open({ cache, wait: 200 })), 20);
  writeFileSync(cache, "SINANEXP and then nothing");
  const warnings = [];
  const none = await open({ cache, wait: 200, onWarning: (message) => warnings.push(message) });
  assert.match(warnings[0], /left aside: snapshot is damaged/);
  assert.deepEqual([none.status, results(none)], ["not_ready", 1]);
});

test("tokens", async (t) => {
  const { server, open } = await served(t);
  const token = await server.restartWithToken("server");
  assert.equal(results(await open({ token })), 20);
  const stranger = await open({ token: "sinan_wrong" });
  assert.deepEqual([stranger.status, results(stranger)], ["not_ready", 1]);
  assert.match(stranger.lastError, /401/);
});

test("wrong addresses", async () => {
  await assert.rejects(connect("localhost:8080"), /must begin with http/);
});

// What the server's OFREP answers for the same context.
async function told(server, key, given) {
  const answer = await fetch(`${server.url}/ofrep/v1/evaluate/flags/${key}?prefetch=true`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ context: given }),
  });
  return answer.json();
}

const kinds = { "button.color": "String", "search.fast": "Boolean", "search.results": "Number", "search.weight": "Number", "search.layout": "Object", "no.such": "String" };
const fallbacks = { String: "mine", Boolean: true, Number: -7, Object: {} };

async function checkAgainstServer(server, contexts, evaluate) {
  const groups = new Set();
  for (const given of contexts) {
    for (const [key, kind] of Object.entries(kinds)) {
      const theirs = await told(server, key, given);
      const ours = await evaluate(`get${kind}Details`, key, fallbacks[kind], given);
      assert.equal(ours.errorCode, theirs.errorCode, `${key} ${JSON.stringify(given)}`);
      assert.deepEqual(ours.value, theirs.errorCode === undefined ? theirs.value : fallbacks[kind]);
      if (theirs.errorCode !== undefined) continue;
      assert.deepEqual([ours.reason, ours.variant, ours.flagMetadata], [theirs.reason, theirs.variant, theirs.metadata]);
      groups.add(ours.variant);
    }
  }
  assert.deepEqual([...groups].sort(), ["control", "default", "rule", "t1", "t2"]);
}

const contexts = [
  ...Array.from({ length: 20 }, (_, i) => ({ targetingKey: `user-${i}`, ...context })),
  { targetingKey: "u1", device: "phone" },
  { ...context },
  { targetingKey: "", ...context },
  { targetingKey: "t", user_id: "other", ...context },
  { targetingKey: "ü", tags: ["a"], ...context },
];

test("OpenFeature on servers", async (t) => {
  const { server } = await served(t);
  t.after(() => Server_.close());
  await Server_.setProviderAndWait(new SinanProvider(server.url, { wait: 60000 }));
  const client = Server_.getClient();
  await checkAgainstServer(server, contexts, (getter, key, fallback, given) => client[getter](key, fallback, given));
  const wrong = await client.getBooleanDetails("button.color", true, contexts[0]);
  assert.deepEqual([wrong.value, wrong.errorCode], [true, "TYPE_MISMATCH"]);

  const heard = (event) => new Promise((done) => client.addHandler(event, done));
  const changed = heard(ProviderEvents.ConfigurationChanged);
  await server.run("ALTER PARAMETER search.results SET DEFAULT 26");
  await changed;
  assert.equal(await client.getNumberValue("search.results", 1), 26);
  const stale = heard(ProviderEvents.Stale);
  await server.kill();
  await stale;
  assert.equal(client.providerStatus, "STALE");
  assert.equal(await client.getNumberValue("search.results", 1), 26);
  const back = new Promise((done) => client.addHandler(ProviderEvents.Ready, () => client.providerStatus === "READY" && done()));
  await server.start();
  await back;
  assert.equal(await client.getNumberValue("search.results", 1), 26);
});

test("OpenFeature without a server, until it comes", async (t) => {
  const { server } = await served(t);
  await server.kill();
  t.after(() => Server_.close());
  await assert.rejects(Server_.setProviderAndWait("late", new SinanProvider(server.url, { wait: 300 })));
  const client = Server_.getClient("late");
  const details = await client.getStringDetails("button.color", "mine");
  assert.deepEqual([details.value, details.errorCode], ["mine", "PROVIDER_NOT_READY"]);
  const ready = new Promise((done) => client.addHandler(ProviderEvents.Ready, done));
  await server.start();
  await ready;
  assert.equal(await client.getStringValue("button.color", "mine"), "green");
});

test("OpenFeature on web pages", async (t) => {
  const { server } = await served(t);
  t.after(() => Web.close());
  await Web.setProviderAndWait(new WebProvider(server.url, { wait: 60000 }));
  const client = Web.getClient();
  await checkAgainstServer(server, contexts, async (getter, key, fallback, given) => {
    await Web.setContext(given);
    return client[getter](key, fallback);
  });
  const changed = new Promise((done) => client.addHandler(ProviderEvents.ConfigurationChanged, done));
  await server.run("ALTER PARAMETER search.results SET DEFAULT 27");
  await changed;
  assert.equal(client.getNumberValue("search.results", 1), 27);
});

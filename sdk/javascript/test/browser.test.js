// The SDK in headless Chromium. CHROMIUM names the browser (/usr/bin/chromium); without one the test is left out.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { test } from "node:test";

import { Server } from "./served.js";

const chromium = process.env.CHROMIUM ?? "/usr/bin/chromium";
const types = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };

// Serves the package, the test and the vectors, and gives the page's steps to the test.
class Site extends EventEmitter {
  #http = createServer((request, response) => {
    if (request.url === "/step") return this.#step(request, response);
    const path = normalize(request.url);
    const file = path.startsWith("/vectors/") ? join(process.env.SINAN_VECTORS, path.slice(9)) : join(process.cwd(), path);
    if (!existsSync(file)) return response.writeHead(404).end();
    return response.writeHead(200, { "Content-Type": types[extname(file)] ?? "application/octet-stream" }).end(readFileSync(file));
  });

  async start() {
    this.#http.listen(0, "127.0.0.1");
    await once(this.#http, "listening");
    this.url = `http://127.0.0.1:${this.#http.address().port}`;
  }
  close() {
    this.#http.closeAllConnections?.();
    this.#http.close();
  }
  async #step(request, response) {
    let body = "";
    for await (const piece of request) body += piece;
    const { name, told } = JSON.parse(body);
    this.emit("step", name, told, (answer = {}) => response.end(JSON.stringify(answer)));
  }
  // What the page tells at this step; `answer` lets it go on.
  async next(name) {
    const [step, told, answer] = await once(this, "step");
    assert.equal(step, name, String(told));
    return { told, answer };
  }
}

test("in Chromium", { skip: !existsSync(chromium) && "Chromium is not installed" }, async (t) => {
  const server = await Server.make();
  t.after(() => server.remove());
  await server.stop("SIGTERM");
  writeFileSync(join(server.folder, "sinan.toml"), '[server]\ncors_origins = ["*"]\n');
  await server.start();
  const site = new Site();
  await site.start();
  t.after(() => site.close());
  const profile = mkdtempSync(join(tmpdir(), "sinan-chromium-"));
  t.after(() => rmSync(profile, { recursive: true, force: true, maxRetries: 10 }));

  const loaded = site.next("loaded");
  const quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const browser = spawn(
    chromium,
    ["--headless", "--no-sandbox", "--disable-gpu", ...quiet, `--user-data-dir=${profile}`, `${site.url}/test/page.html`],
    { stdio: "ignore" },
  );
  t.after(async () => {
    const ended = once(browser, "exit");
    browser.kill();
    await ended;
  });

  let { told, answer } = await loaded;
  t.diagnostic(told);
  const names = readdirSync(process.env.SINAN_VECTORS).filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -5));
  const go = async (name, given) => {
    const next = site.next(name);
    answer(given);
    ({ told, answer } = await next);
  };
  await go("vectors", { names, url: server.url });
  assert.deepEqual(told.wrong.slice(0, 10), []);
  assert.ok(told.cases > 1500);
  await go("connected");
  assert.deepEqual(told, ["ready", 20]);
  const changed = site.next("changed");
  answer();
  await server.run("ALTER PARAMETER search.results SET DEFAULT 21");
  ({ told, answer } = await changed);
  assert.equal(told, 21);
  await go("openfeature");
  assert.deepEqual([told.value, told.reason, told.variant], [10, "TARGETING_MATCH", "rule"]);
  await go("closed");
  await server.kill();
  await go("kept", { nowhere: server.url });
  assert.deepEqual(told, ["stale", 21]);
  answer();
});

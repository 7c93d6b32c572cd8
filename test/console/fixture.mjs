// What the console's tests share: a real `sinan serve` on a free port of a folder of its own, and Chromium on its pages.
//
//     const server = await Server.start(t, { tokens: { ann: "editor" }, program: "CREATE TABLE t AS SELECT 1 AS a" });
//     const page = await open(t, server, { token: server.tokens.ann, path: "#/sql", width: 390, dark: true });
//
// When the test ends, a page that asked for anything outside the server, threw, or broke the content security policy fails it.
//
// SINAN_BINARY names the program (bin/sinan), CHROMIUM the browser (/usr/bin/chromium).
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const binary = process.env.SINAN_BINARY ?? join(root, "bin/sinan");

export class Server {
  tokens = {};

  // `tokens`: names and roles. `program` is run in the folder before the server starts.
  static async start(t, { tokens = {}, program = "" } = {}) {
    const server = new Server();
    server.folder = mkdtempSync(join(tmpdir(), "sinan_console_"));
    t.after(() => rmSync(server.folder, { recursive: true, force: true }));
    if (program) server.sinan("-c", program);
    for (const [name, role] of Object.entries(tokens)) {
      server.tokens[name] = server.sinan("token", "create", name, "--role", role).trim();
    }
    await server.serve("127.0.0.1:0");
    t.after(() => server.stop());
    return server;
  }

  sinan(...words) {
    return execFileSync(binary, ["--project", this.folder, "--quiet", ...words], { encoding: "utf8" });
  }

  async serve(listen) {
    this.process = spawn(binary, ["--project", this.folder, "serve", "--listen", listen], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.ended = once(this.process, "exit");
    const log = createInterface(this.process.stderr);
    let all = "";
    this.url = await new Promise((resolve, reject) => {
      log.on("line", (line) => {
        all += `${line}\n`;
        const found = /^serving .* at (http:\/\/[^\s,]+)/.exec(line);
        if (found) resolve(found[1]);
      });
      log.on("close", () => reject(new Error(`sinan serve ended:\n${all}`)));
    });
  }

  async stop() {
    this.process.kill("SIGTERM");
    await this.ended;
  }

  async request(method, path, body, token) {
    const headers = { "Content-Type": "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    const response = await fetch(this.url + path, { method, headers, body: body && JSON.stringify(body) });
    return response.json();
  }
}

const kPatience = 60_000; // milliseconds until a page on a busy machine is no longer waited for

// Repeats `check` until it throws no more, and gives its value: a page follows what was done to it in its own time. What must not be
// there is checked after something was waited for that comes with it or later.
export async function eventually(check) {
  const end = performance.now() + kPatience;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
    await setTimeout(50);
  }
}

let browser;

// One browser for all pages of a test file.
async function launched() {
  browser ??= chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync"],
  });
  return browser;
}

export async function closeBrowser() {
  if (browser) await (await browser).close();
}

// A page in a context of its own: no token of an earlier one is there.
export async function open(t, server, { path = "", token, width = 1280, height = 900, dark = false } = {}) {
  const context = await (await launched()).newContext({
    viewport: { width, height },
    colorScheme: dark ? "dark" : "light",
    acceptDownloads: true,
  });
  context.setDefaultTimeout(kPatience);
  const page = await context.newPage();
  const problems = [];
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${server.url}/`) && !/^(blob|data):/.test(url)) problems.push(`request to ${url}`);
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error.stack}`));
  page.on("console", (message) => {
    // An answer that is no success is logged by the browser itself; the pages show it.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) problems.push(message.text());
  });
  if (token) await context.addInitScript((value) => sessionStorage.setItem("sinan.token", value), token);
  await page.goto(`${server.url}/${path}`);
  t.after(async () => {
    await context.close();
    assert.deepEqual(problems, []);
  });
  return page;
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// WCAG 2.2 A and AA, as far as axe can tell.
export async function checkAccessibility(page) {
  await page.evaluate(axe);
  await eventually(async () => {
    const found = await page.evaluate(async () => {
      const { violations } = await window.axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      });
      return violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.html} ${node.failureSummary}`).join("\n")}`);
    });
    assert.deepEqual(found, []);
  });
}

// A page may be long, never wide: what is wide scrolls in its own frame.
export async function checkWidth(page) {
  await eventually(async () => {
    const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
    assert.ok(needed <= given, `the page is ${needed} px wide in a window of ${given}`);
  });
}

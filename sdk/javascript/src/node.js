// For Node.js: the module and the last known snapshot are files.

import { randomBytes } from "node:crypto";
import { open, readFile, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

import { Client } from "./client.js";
import { Evaluator } from "./evaluator.js";

let compiled;
function module() {
  compiled ??= readFile(new URL("./evaluator.wasm", import.meta.url)).then((bytes) => WebAssembly.compile(bytes));
  return compiled;
}

export async function createEvaluator(options) {
  return new Evaluator(await module(), options);
}

export async function connect(url, options = {}) {
  const cache = typeof options.cache === "string" ? fileCache(options.cache) : options.cache;
  return new Client(await module(), url, { ...options, cache }).start();
}

async function synced(path, flags, use) {
  const file = await open(path, flags);
  try {
    await use(file);
    await file.sync();
  } finally {
    await file.close();
  }
}

const oldAge = 60_000; // milliseconds, after which nobody is still writing a file

// What was written beside and not renamed, because the process ended.
async function removeLeftovers(path) {
  const folder = dirname(path);
  const start = basename(path);
  const ours = (name) => name.startsWith(start) && /^\.[0-9a-f]{16}\.tmp$/.test(name.slice(start.length));
  for (const name of (await readdir(folder)).filter(ours)) {
    const leftover = join(folder, name);
    const written = await stat(leftover).catch(() => undefined);
    if (written !== undefined && Date.now() - written.mtimeMs > oldAge) await rm(leftover, { force: true });
  }
}

// Replaced whole or not at all: written beside, synced, renamed.
export function fileCache(path) {
  return {
    async read() {
      try {
        return await readFile(path);
      } catch (error) {
        if (error.code === "ENOENT") return undefined;
        throw error;
      }
    },
    async write(snapshot) {
      await removeLeftovers(path);
      const beside = `${path}.${randomBytes(8).toString("hex")}.tmp`;
      try {
        await synced(beside, "w", (file) => file.writeFile(snapshot));
        await rename(beside, path);
      } catch (error) {
        await rm(beside, { force: true });
        throw error;
      }
      await synced(dirname(path), "r", () => undefined);
    },
  };
}

export { Context } from "./context.js";
export { SnapshotError } from "./evaluator.js";

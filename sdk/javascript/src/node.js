// For Node.js: the module and the last known snapshot are files.

import { randomUUID } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

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
      const beside = `${path}.${randomUUID()}.tmp`;
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

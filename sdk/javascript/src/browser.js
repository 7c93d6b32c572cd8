// For browsers: the module is fetched from beside this file, the last known snapshot is kept in the page's storage.

import { Client } from "./client.js";
import { Evaluator } from "./evaluator.js";

let compiled;
function module() {
  compiled ??= fetch(new URL("./evaluator.wasm", import.meta.url)).then(async (answer) => WebAssembly.compile(await answer.arrayBuffer()));
  return compiled;
}

export async function createEvaluator(options) {
  return new Evaluator(await module(), options);
}

export async function connect(url, options = {}) {
  const cache = typeof options.cache === "string" ? storageCache(options.cache) : options.cache;
  return new Client(await module(), url, { ...options, cache }).start();
}

// In localStorage under this name, whole or not at all.
export function storageCache(name) {
  return {
    async read() {
      const kept = localStorage.getItem(name);
      return kept === null ? undefined : Uint8Array.from(atob(kept), (letter) => letter.charCodeAt(0));
    },
    async write(snapshot) {
      let letters = "";
      for (let i = 0; i < snapshot.length; i += 8192) letters += String.fromCharCode(...snapshot.subarray(i, i + 8192));
      localStorage.setItem(name, btoa(letters));
    },
  };
}

export { Context } from "./context.js";
export { SnapshotError } from "./evaluator.js";

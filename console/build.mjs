// Builds the console and writes it as one C++ source, for src/app/console:
//
//     node console/build.mjs OUTPUT.cc
//
// Types are checked, then Vite bundles into a folder beside OUTPUT; each file goes into the source as it is and, where that is
// smaller, compressed.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";

const root = dirname(fileURLToPath(import.meta.url));
const output = process.argv[2];
if (!output) throw new Error("usage: node console/build.mjs OUTPUT.cc");

const types = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", root], { stdio: "inherit" });
if (types.status !== 0) process.exit(1);

const folder = `${output}.files`;
rmSync(folder, { recursive: true, force: true });
await build({ root, logLevel: "warn", build: { outDir: folder, emptyOutDir: true } });

// Adjacent literals of some kilobytes: compilers dislike endless lines.
function literal(bytes) {
  const pieces = [];
  let piece = "";
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    // A "?" may begin a trigraph.
    if (character === '"' || character === "\\" || character === "?") piece += `\\${character}`;
    else if (byte >= 0x20 && byte < 0x7f) piece += character;
    else piece += `\\${byte.toString(8).padStart(3, "0")}`;
    if (piece.length > 4000) pieces.push(piece), (piece = "");
  }
  return `std::string_view("${[...pieces, piece].join('"\n    "')}", ${bytes.length})`;
}

const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  .sort();
const entries = files.map((file) => {
  const bytes = readFileSync(file);
  const gzip = gzipSync(bytes, { level: 9 });
  const packed = gzip.length < bytes.length ? literal(gzip) : "std::string_view()";
  return `    {"/${relative(folder, file)}", ${literal(bytes)},\n    ${packed}},\n`;
});
const text = `// Written by console/build.mjs.
#include "app/console/assets.h"

namespace sinan::app {

std::span<const ConsoleAsset> console_assets() {
  static constexpr ConsoleAsset kAssets[] = {
${entries.join("")}  };
  return kAssets;
}

}  // namespace sinan::app
`;
writeFileSync(`${output}.new`, text);
renameSync(`${output}.new`, output);

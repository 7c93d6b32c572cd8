import { defineConfig } from "vite";

// `npm run dev` serves the sources with reloading and passes /v1 on to a `sinan serve` of SINAN_URL.
const server = process.env.SINAN_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  cacheDir: "../build/console-cache",
  esbuild: { jsx: "automatic", jsxImportSource: "preact", legalComments: "none" },
  build: {
    target: "es2022",
    cssTarget: "chrome123", // light-dark() stays as it is
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the content security policy allows no inline script, and hashed files are cached for ever
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000,
  },
  server: { proxy: { "/v1": server, "/health": server } },
});

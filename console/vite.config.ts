import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv, type Plugin } from "vite";

/** React Aria brings its words in thirty languages; the console speaks one. */
const englishAlone: Plugin = {
  name: "english-alone",
  enforce: "pre",
  load(id) {
    const language = /[/\\]intl[/\\][^/\\]+[/\\]([a-z]{2}-[A-Z]{2})\.m?js$/.exec(id)?.[1];
    return language === undefined || language === "en-US" ? null : "export default {};";
  },
};

/** Styles come last in the body: the first words are painted without them. Scripts wait for nothing and hold nothing up. */
const wordsFirst: Plugin = {
  name: "words-first",
  enforce: "post",
  transformIndexHtml: {
    order: "post",
    handler(page) {
      const styles = /^\s*<link rel="stylesheet"[^>]*href="\/assets\/[^>]*>\n?/gm;
      return page.replace(styles, "").replace("  </body>", `${(page.match(styles) ?? []).join("")}  </body>`);
    },
  },
};

/** Built into the Python package; nothing inline (the server's policy forbids it), nothing from elsewhere. */
export default defineConfig({
  plugins: [react(), englishAlone, wordsFirst],
  base: "/",
  build: {
    outDir: "../src/seawall/console/bundle",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    modulePreload: { polyfill: false },
    target: ["chrome123", "firefox121", "safari17.5"],
    reportCompressedSize: true,
    sourcemap: false,
  },
  server: {
    port: 5173,
    proxy: { "/api": loadEnv("", ".", "SEAWALL_")["SEAWALL_API"] ?? "http://127.0.0.1:8750" },
  },
});

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

/** What the head would fetch first comes last: the first words are painted before it. */
const wordsFirst: Plugin = {
  name: "words-first",
  enforce: "post",
  transformIndexHtml: {
    order: "post",
    handler(page) {
      const fetched = /^\s*<(?:link rel="(?:stylesheet|modulepreload)"[^>]*href="\/assets\/[^>]*|script type="module"[^>]*)>(?:<\/script>)?\n?/gm;
      const tags = page.match(fetched) ?? [];
      return page.replace(fetched, "").replace("</body>", `${tags.join("")}  </body>`);
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

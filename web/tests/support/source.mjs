// The page's own modules, for tests that need no browser.

import { build } from "esbuild";
import { fileURLToPath } from "node:url";

/** What the module at `path` below src/ exports. */
export async function source(path) {
  const entry = fileURLToPath(new URL(`../../src/${path}`, import.meta.url));
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    write: false,
    jsx: "automatic",
    jsxImportSource: "preact",
    // What modules touch of a browser when they are loaded.
    banner: { js: "globalThis.location ??= { hash: '' }; globalThis.addEventListener ??= () => {};" },
  });
  const text = Buffer.from(outputFiles[0].contents).toString("base64");
  return import(`data:text/javascript;base64,${text}`);
}

// Builds the page into crates/api/page, from where the engine embeds it. With --check it only says
// whether what is there is what would be built.

import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const OUT = "../crates/api/page";

const result = await build({
  absWorkingDir: here("."),
  entryPoints: { page: "src/main.tsx", "page.style": "src/style/page.css" },
  outdir: here(OUT),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
  write: false,
});

const files = new Map(result.outputFiles.map((file) => [name(file.path), file.contents]));
for (const copied of ["index.html", "icon.svg"]) {
  files.set(copied, await readFile(here(`src/${copied}`)));
}
files.set("licences.txt", Buffer.from(await licences()));

const changed = [];
for (const [file, contents] of files) {
  const path = here(`${OUT}/${file}`);
  const old = await readFile(path).catch(() => null);
  if (old !== null && old.equals(contents)) continue;
  changed.push(file);
  if (!process.argv.includes("--check")) await writeFile(path, contents);
}
const total = [...files.values()].reduce((sum, contents) => sum + contents.length, 0);
console.log(`the page: ${files.size} files, ${(total / 1024).toFixed(1)} KiB`);
if (process.argv.includes("--check") && changed.length > 0) {
  console.error(`not what web/ makes: ${changed.join(", ")}; run 'npm run build' in web/`);
  process.exit(1);
}

function name(path) {
  return path.split("/").at(-1).replace("page.style.css", "page.css");
}

/** The licences of what is in the bundle, as each wants it. */
async function licences() {
  const { dependencies } = JSON.parse(await readFile(here("package.json"), "utf8"));
  const names = [...Object.keys(dependencies), "@preact/signals-core"].sort();
  const texts = names.map(async (own) => {
    const text = await readFile(here(`node_modules/${own}/LICENSE`), "utf8");
    return `${own}\n\n${text.trim()}\n`;
  });
  return (await Promise.all(texts)).join("\n\n");
}

/** Builds the pages of the app: our own script bundled with Forge's bridge, and the service's web components as they are.
 *
 *   node build.mjs [https://sops.your-company.com]     the address is written into manifest.yml
 */

import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const source = here("static/main/src");
const target = here("static/main/build");
const components = here("../../plugin/web/ui/static");

await rm(target, { recursive: true, force: true });
await mkdir(target, { recursive: true });
await build({
  entryPoints: [`${source}/app.js`],
  outfile: `${target}/app.js`,
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2022",
  external: ["./ui/*"],
  legalComments: "linked",
  logLevel: "warning",
});
for (const name of ["index.html", "app.css"]) await cp(`${source}/${name}`, `${target}/${name}`);
for (const name of ["css", "js", "strings.en.json"]) await cp(`${components}/${name}`, `${target}/ui/${name}`, { recursive: true });
// Pages of the service's own site; nothing here uses them.
for (const name of ["js/pages", "js/admin", "js/shell.js", "js/theme.js", "js/review-panel.js", "css/app.css"]) await rm(`${target}/ui/${name}`, { recursive: true, force: true });

const address = process.argv[2];
if (address) {
  const url = new URL(address);
  if (url.protocol !== "https:" || url.pathname !== "/") throw new Error("Give the service's address as https://host, without a path.");
  const manifest = await readFile(here("manifest.yml"), "utf8");
  await writeFile(here("manifest.yml"), manifest.replace(/^(\s+baseUrl: ).*$/m, `$1${url.origin}`));
}

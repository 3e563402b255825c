/** All of Forge's own checks of manifest.yml that need no network. Ends with 1 and the errors where there are any. */

import { createRequire } from "node:module";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(dirname(fileURLToPath(import.meta.url)));
const { ProcessorBuilder, ValidationTypes, validate } = createRequire(import.meta.url)("@forge/manifest");

const found = new Map();
const note = (errors) => {
  for (const { level, line, column, message } of errors ?? []) found.set(`${level} ${line}:${column} ${message}`, level);
};
note((await validate()).errors);
for (const kind of ["FULL", "PRODUCT_TRIGGER", "FORGE_REMOTE_COMPUTE", "DEPRECATED_CSP_METHOD", "DEPRECATED_EGRESS_PERMISSIONS"]) {
  note((await ProcessorBuilder.instance().withValidation(ValidationTypes[kind]).build().process()).errors);
}
for (const text of found.keys()) console.error(text);
const wrong = [...found.values()].filter((level) => level === "error").length;
console.log(`manifest.yml: ${wrong} errors, ${found.size - wrong} warnings`);
process.exitCode = found.size ? 1 : 0;

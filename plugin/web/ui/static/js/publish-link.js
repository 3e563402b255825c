import { h } from "./dom.js";
import { t } from "./strings.js";

/** Only a web address becomes a link; a path in a Git folder is shown as it is. */
export function link(url) {
  return /^https?:/.test(url) ? h("a", { href: url, rel: "noopener noreferrer" }, t("publish.open")) : h("code", {}, url.replace(/^file:\/\//, ""));
}

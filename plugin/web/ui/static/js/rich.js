/** Prose of an SOP: what stands between backticks is something to type. */

import { h } from "./dom.js";

const CODE = /`([^`\n]+)`/;

/** The parts of a text as children for h(): "Run `ls`." -> ["Run ", <code>ls</code>, "."]. */
export function rich(text) {
  return String(text ?? "").split(CODE).map((part, index) => (index % 2 ? h("code", {}, part) : part));
}

/** The same as one line of plain text, where no element may stand (titles of pages, options). */
export const flat = (text) => String(text ?? "").replaceAll(new RegExp(CODE, "g"), "$1");

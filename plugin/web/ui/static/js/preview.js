/** The neutral page as its target will show it: the same blocks in the manner of Confluence, of Notion, or as Markdown text. */

import { h } from "./dom.js";
import { t } from "./strings.js";

/** `page` is `{title, blocks, degraded}` of the API; `kind` the target. */
export function showPreview(page, kind, { api, sopId }) {
  const context = { api, sopId };
  return h("div", { class: "stack tight" },
    page.degraded.length ? h("ul", { class: "small muted plain" }, page.degraded.map((text) => h("li", {}, text))) : null,
    kind === "filesystem" ? h("pre", { class: "markdown", tabindex: 0, "aria-label": t("preview.markdown") }, markdown(page)) : h("article", { class: `preview ${kind}`, tabindex: 0, "aria-label": t("preview.label") }, h("h2", {}, page.title), page.blocks.map((block) => shown(block, context))));
}

const runs = (text) => (text ?? []).map((span) => {
  let node = span.code ? h("code", {}, span.text) : span.text;
  if (span.bold) node = h("strong", {}, node);
  if (span.italic) node = h("em", {}, node);
  return span.link && /^https?:/.test(span.link) ? h("a", { href: span.link, rel: "noopener noreferrer" }, node) : node;
});

const plainOf = (text) => (text ?? []).map((span) => span.text).join("");
const isText = (value) => Array.isArray(value) && value.every((part) => part && typeof part === "object" && "text" in part && "code" in part);

function shown(block, context) {
  switch (block.type) {
    case "heading": return h(`h${Math.min(6, block.level + 2)}`, {}, runs(block.text));
    case "paragraph": return h("p", {}, runs(block.text));
    case "panel": return h("div", { class: `panel ${block.kind}` }, block.title ? h("strong", {}, block.title) : null, h("p", {}, runs(block.text)));
    case "code": return h("pre", { class: "command" }, block.text);
    case "image": return picture(block, context);
    case "table": return table(block);
    default: return other(block, context);
  }
}

function picture(block, { api, sopId }) {
  const image = h("img", { alt: block.alt, width: block.width, height: block.height, loading: "lazy" });
  api.show(image, `/sops/${encodeURIComponent(sopId)}/images/${encodeURIComponent(block.asset)}`).catch(() => {});
  return h("figure", {}, h("div", { class: "shot" }, image), block.caption ? h("figcaption", { class: "small muted" }, block.caption) : null);
}

function table(block) {
  const head = block.header ?? block.head ?? [];
  return h("div", { class: "table" }, h("table", {}, head.length ? h("thead", {}, h("tr", {}, head.map((cell) => h("th", {}, isText(cell) ? runs(cell) : cell)))) : null,
    h("tbody", {}, (block.rows ?? []).map((row) => h("tr", {}, row.map((cell) => h("td", {}, isText(cell) ? runs(cell) : cell)))))));
}

/** Lists, folded parts and steps: whatever texts and inner blocks they hold, in their order. */
function other(block, context) {
  const parts = [];
  if (block.title) parts.push(h("strong", {}, isText(block.title) ? runs(block.title) : block.title));
  if (block.type === "step") parts.push(h("h4", {}, `${block.number}. `, runs(block.text)));
  else if (isText(block.text) && block.text.length) parts.push(h("p", {}, runs(block.text)));
  if (Array.isArray(block.items)) parts.push(h(block.ordered || block.kind === "number" ? "ol" : "ul", {}, block.items.map((item) => h("li", {}, isText(item) ? runs(item) : isText(item.text) ? runs(item.text) : String(item)))));
  if (Array.isArray(block.children)) parts.push(block.children.map((child) => shown(child, context)));
  return h("div", { class: `block of-${block.type}` }, parts);
}

function markdown(page) {
  return [`# ${page.title}`, ...page.blocks.map((block) => markdownOf(block))].filter(Boolean).join("\n\n");
}

function markdownOf(block) {
  const text = isText(block.text) ? block.text.map((span) => (span.code ? `\`${span.text}\`` : span.bold ? `**${span.text}**` : span.text)).join("") : block.text ?? "";
  switch (block.type) {
    case "heading": return `${"#".repeat(Math.max(2, block.level))} ${text}`;
    case "panel": return `> **${block.title ?? block.kind}** ${text}`;
    case "code": return `\`\`\`${block.language}\n${block.text}\n\`\`\``;
    case "image": return `![${block.alt}](images/${block.asset.slice(0, 12)}.png)`;
    case "table": return (block.rows ?? []).map((row) => `| ${row.map((cell) => (isText(cell) ? plainOf(cell) : cell)).join(" | ")} |`).join("\n");
    default: return [text, ...(block.items ?? []).map((item, at) => `${block.ordered ? `${at + 1}.` : "-"} ${isText(item) ? plainOf(item) : isText(item.text) ? plainOf(item.text) : item}`), ...(block.children ?? []).map((child) => markdownOf(child))].filter(Boolean).join("\n");
  }
}

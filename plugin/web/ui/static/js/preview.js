/** The neutral page as its target will show it: the same blocks in the manner of Confluence, of Notion, or as Markdown text. */

import { h } from "./dom.js";
import { t, word } from "./strings.js";

/** `page` is `{title, blocks, degraded}` of the API; `kind` the target. */
export function showPreview(page, kind, { api, sopId }) {
  const context = { api, sopId };
  return h("div", { class: "stack tight" },
    page.degraded.length ? h("details", { class: "small muted" }, h("summary", {}, t("preview.otherwise", { n: page.degraded.length })), h("ul", { class: "plain" }, otherwise(page).map((text) => h("li", {}, text)))) : null,
    page.source !== null ? h("pre", { class: "markdown", tabindex: 0, "aria-label": t("preview.markdown") }, page.source) : h("article", { class: `preview ${kind}`, tabindex: 0, "aria-label": t("preview.label") }, h("h2", {}, page.title), page.blocks.map((block) => shown(block, context))));
}

/** ["steps/<id>/expected: words"] -> ["Steps 1, 3: words"]: places as a reader knows them, the same words once. */
function otherwise(page) {
  const numbers = new Map(page.blocks.filter((block) => block.type === "step").map((block) => [block.key.split("/")[1], block.number]));
  const places = new Map();
  for (const line of page.degraded) {
    const [key, words] = [line.split(": ")[0], line.split(": ").slice(1).join(": ")];
    const [head, id] = key.split("/");
    const place = head === "steps" && numbers.has(id) ? numbers.get(id) : word("preview.place", head);
    places.set(words, [...(places.get(words) ?? []), place]);
  }
  return [...places].map(([words, found]) => {
    const [steps, others] = [found.filter(Number.isInteger), found.filter((place) => !Number.isInteger(place))];
    const where = [...new Set(others), steps.length ? t(new Set(steps).size > 1 ? "preview.steps" : "preview.step", { numbers: [...new Set(steps)].join(", ") }) : null].filter(Boolean);
    return `${where.join(", ")}: ${words}`;
  });
}

const runs = (text) => (text ?? []).map((span) => {
  let node = span.code ? h("code", {}, span.text) : span.text;
  if (span.bold) node = h("strong", {}, node);
  if (span.italic) node = h("em", {}, node);
  return span.link && /^https?:/.test(span.link) ? h("a", { href: span.link, rel: "noopener noreferrer" }, node) : node;
});

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

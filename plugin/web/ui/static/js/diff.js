/** The difference of two revisions, step by step, with the words that changed. */

import { h } from "./dom.js";
import { pictureAddress, plain } from "./reader.js";
import { rich } from "./rich.js";
import { t, word } from "./strings.js";

const LONGEST_WORDS = 400;

/** [kind, text] runs ("same", "old", "new") of two texts by words; a longest common subsequence, whole texts where they are very long. */
export function wordRuns(old, now) {
  const a = old.split(/(\s+)/);
  const b = now.split(/(\s+)/);
  if (a.length > LONGEST_WORDS || b.length > LONGEST_WORDS) return [["old", old], ["new", now]];
  const length = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1) length[i][j] = a[i] === b[j] ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
  const runs = [];
  const push = (kind, text) => (runs.at(-1)?.[0] === kind ? (runs.at(-1)[1] += text) : runs.push([kind, text]));
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) [push("same", a[i]), (i += 1), (j += 1)];
    else if (j >= b.length || (i < a.length && length[i + 1][j] >= length[i][j + 1])) [push("old", a[i]), (i += 1)];
    else [push("new", b[j]), (j += 1)];
  }
  return runs;
}

/** Old and new side by side; what went is struck, what came is underlaid. */
export function sides(name, old, now) {
  const runs = wordRuns(plain(old), plain(now));
  const side = (kind, tag) => h("div", {}, runs.filter(([run]) => run === "same" || run === kind).map(([run, text]) => (run === "same" ? text : h(tag, {}, text))));
  return [h("div", { class: "what" }, word("field", name)), h("div", { class: "sides" }, side("old", "del"), side("new", "ins"))];
}

/**
 * `difference` as the API gives it: `{steps: [{kind, old, new, fields}], fields: [{field, old, new}], note}`; `choose(change)` may add a control.
 * With `context` (`{api, sopId}`) the pictures of both sides are shown.
 */
export function showDifference(difference, choose = () => null, context = null) {
  const steps = difference.steps.filter((change) => change.kind !== "same");
  if (!steps.length && !difference.fields.length) return h("div", { class: "empty" }, h("h2", {}, t("compare.same")));
  return h("div", { class: "diff" },
    difference.fields.map((change) => h("section", { class: "change" }, head("changed", word("field", change.field), choose(change)), sides(change.field, change.old, change.new).slice(1))),
    steps.map((change) => stepChange(change, choose, context)),
    h("p", { class: "small muted" }, t("compare.same-steps", { n: difference.steps.length - steps.length })));
}

function head(kind, title, control) {
  const badge = { added: "ok", removed: "danger", changed: "accent", moved: "" }[kind];
  return h("header", {}, h("span", { class: `badge ${badge}` }, t(`compare.${kind}`)), h("h3", { class: "grow" }, rich(title)), control);
}

function stepChange(change, choose, context) {
  const step = change.new ?? change.old;
  const title = t("compare.step", { n: step.number, action: step.action });
  const shown = change.kind === "changed" || change.kind === "moved" ? change.fields : ["action", "commands", "inputs", "expected"].filter((name) => plain(step[name]));
  const moved = change.old && change.new && change.old.number !== change.new.number ? h("p", { class: "small muted" }, t("compare.was", { n: change.old.number })) : null;
  return h("section", { class: "change" }, head(change.kind, title, choose(change)), moved, shown.filter((name) => name !== "image").map((name) => sides(name, change.old?.[name], change.new?.[name])), context ? pictures(change, context) : null);
}

/** The picture of each side, where there is one. */
function pictures(change, context) {
  if (!change.old?.image && !change.new?.image) return null;
  const side = (step, key) => {
    if (!step?.image) return h("div", {});
    const image = h("img", { alt: step.image.alt || t("reader.picture", { n: step.number }), loading: "lazy", width: step.image.width, height: step.image.height });
    context.api.show(image, pictureAddress(context.sopId, step.image)).catch(() => image.removeAttribute("src"));
    return h("figure", {}, image, h("figcaption", { class: "small muted" }, t(key)));
  };
  return h("div", { class: "sides pictures" }, side(change.old, "compare.before"), side(change.new, "compare.after"));
}

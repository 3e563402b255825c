/** Two people changed the same passage: both texts side by side, and a person chooses for each. */

import { h, openDialog } from "../dom.js";
import { sides } from "../diff.js";
import { plain } from "../reader.js";
import { t, word } from "../strings.js";

/** Resolves with the merged document, or null where the person wants to go on without deciding. */
export function chooseBetween(host, clashes, { base, mine, theirs }) {
  return openDialog(host, {
    title: t("merge.title"), className: "wide",
    build: (close) => {
      const choices = new Map(clashes.map((clash) => [clash.path, "ours"]));
      const list = clashes.map((clash, index) => card(clash, index, mine, (choice) => choices.set(clash.path, choice)));
      return [h("p", {}, t("merge.text")), h("div", { class: "diff" }, list),
        h("div", { class: "row end" },
          h("button", { type: "button", onclick: () => close(null) }, t("merge.later")),
          h("button", { type: "button", class: "primary", onclick: () => close(combine({ base, mine, theirs }, clashes, choices)) }, t("merge.save")))];
    },
  });
}

function card(clash, index, mine, choose) {
  const [, stepId, field] = clash.path.split("/");
  const step = mine.steps.find((one) => one.id === stepId);
  const title = step ? `${t("merge.step", { n: step.number })} · ${word("field", field ?? "steps")}` : word("field", clash.path);
  const option = (value, text) => h("label", { class: "choice" }, h("input", { type: "radio", name: `clash-${index}`, value, checked: value === "ours", onchange: () => choose(value) }), text);
  const both = typeof clash.ours === "string" && typeof clash.theirs === "string" ? option("both", t("merge.both")) : null;
  return h("fieldset", { class: "change" }, h("legend", {}, title), h("div", { class: "sides" }, h("div", { class: "label" }, t("merge.theirs")), h("div", { class: "label" }, t("merge.ours"))),
    sides(field ?? clash.path, clash.theirs, clash.ours).slice(1), h("div", { class: "row choices" }, option("theirs", t("merge.take-theirs")), option("ours", t("merge.take-ours")), both),
    plain(clash.base) ? h("p", { class: "small muted before" }, t("merge.before", { text: plain(clash.base) })) : null);
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Field by field and step by step: what only one side changed is taken from that side, what both changed as `choices` (by path) say. */
export function combine({ base, mine, theirs }, clashes, choices) {
  const settle = (path, values) => {
    const choice = choices.get(path) ?? "ours";
    if (choice === "both") return [values.theirs, values.mine].filter(Boolean).join("\n");
    return choice === "theirs" ? values.theirs : values.mine;
  };
  const pick = (path, was, ours, others) => {
    if (same(ours, others) || same(others, was)) return ours;
    return same(ours, was) ? others : settle(path, { mine: ours, theirs: others });
  };
  const result = structuredClone(theirs);
  for (const field of Object.keys(mine)) if (field !== "steps" && field !== "revision") result[field] = pick(field, base?.[field], mine[field], theirs[field]);
  result.steps = combineSteps({ base: base?.steps ?? [], mine: mine.steps, theirs: theirs.steps }, pick);
  return result;
}

function combineSteps({ base, mine, theirs }, pick) {
  const by = (steps) => new Map(steps.map((step) => [step.id, step]));
  const [was, others] = [by(base), by(theirs)];
  const kept = [];
  for (const step of mine) {
    const other = others.get(step.id);
    const old = was.get(step.id);
    if (other) kept.push(Object.fromEntries(Object.keys(step).map((field) => [field, pick(`steps/${step.id}/${field}`, old?.[field], step[field], other[field])])));
    else if (!old || pick(`steps/${step.id}`, old, step, null)) kept.push(step);
  }
  // What they added, or what we removed and a person wants back, stands behind the step it stood behind.
  const known = by(mine);
  theirs.forEach((step, index) => {
    const old = was.get(step.id);
    if (known.has(step.id) || (old && !pick(`steps/${step.id}`, old, null, step))) return;
    const before = kept.findIndex((one) => one.id === theirs[index - 1]?.id);
    kept.splice(before + 1, 0, step);
  });
  return kept.map((step, index) => ({ ...step, number: index + 1 }));
}

/** Controls bound to a path of the document: they look like the text that will be read, and become fields when they are touched. */

import { h, iconButton } from "../dom.js";
import { t, word } from "../strings.js";

let serial = 0;

/** A text that grows with its content. `mono` for what is typed to the letter. */
export function textControl(model, path, { label, placeholder = "", className = "", mono = false, multiline = true, nullable = false } = {}) {
  const control = h(multiline ? "textarea" : "input", {
    class: `inline ${mono ? "mono" : ""} ${className}`, "aria-label": label, placeholder, rows: multiline ? 1 : null, maxlength: 20_000, spellcheck: mono ? "false" : null,
    value: model.get(path) ?? "", data: { path: path.join("/") },
    oninput: () => {
      grow(control);
      model.set(path, nullable && control.value === "" ? null : control.value);
    },
  });
  requestAnimationFrame(() => grow(control));
  return control;
}

/** For browsers without field-sizing. */
function grow(control) {
  if (control.tagName !== "TEXTAREA" || CSS.supports("field-sizing", "content")) return;
  control.style.setProperty("height", "auto");
  control.style.setProperty("height", `${control.scrollHeight + 2}px`);
}

/** A labelled field of the head or of a step, with its mark of origin. */
export function labelled(name, control, mark = null, remove = null) {
  const id = (control.id ||= `f${(serial += 1)}`);
  control.removeAttribute("aria-label");
  return h("div", { class: "line", data: { field: name } }, h("div", { class: "line-head" }, h("label", { for: id }, t(`field.${name}`)), mark, remove), control);
}

/** How a field is known: said, shown, inferred or edited. */
export function basisMark(basis) {
  return basis ? h("span", { class: `badge ${basis}`, title: t(`basis.${basis}.hint`) }, t(`basis.${basis}`)) : null;
}

/**
 * A list of texts or of small objects. `parts` are the names of an object's texts; none for plain texts. `extra(item, path)` adds controls to a row.
 * Enter in the last text of a row opens the next one, as in a word processor.
 */
export function listControl(model, path, { name, parts = null, make, extra = null, rebuild, monoParts = [] }) {
  const items = model.get(path) ?? [];
  const add = () => {
    model.change((document_) => (path.slice(0, -1).reduce((node, key) => node[key], document_)[path.at(-1)] ??= []).push(make()));
    rebuild(path.concat(items.length));
  };
  const remove = (index) => {
    model.set(path, (model.get(path) ?? []).filter((_, at) => at !== index));
    rebuild(path);
  };
  const row = (item, index) => {
    const at = path.concat(index);
    const label = t("editor.item", { field: t(`field.${name}`), n: index + 1 });
    const controls = parts ? parts.map((part) => textControl(model, at.concat(part), { label: `${label}: ${word("part", part)}`, placeholder: word("part", part), mono: monoParts.includes(part), className: `part-${part}`, nullable: item[part] === null }))
      : [textControl(model, at, { label, placeholder: t("editor.item.placeholder") })];
    return h("div", { class: `item ${parts ? "duo" : ""}` }, h("div", { class: "item-parts" }, controls, extra?.(item, at)), iconButton("close", t("editor.item.remove", { field: t(`field.${name}`), n: index + 1 }), () => remove(index), { class: "quiet icon-only small" }));
  };
  const list = h("div", { class: "items", role: "group", "aria-label": t(`field.${name}`), onkeydown: (event) => {
    if (event.key === "Enter" && !event.shiftKey && !parts && event.target.matches("textarea")) {
      event.preventDefault();
      add();
    }
  } }, items.map(row));
  return h("div", { class: "list-field", data: { path: path.join("/") } }, list, h("button", { type: "button", class: "quiet small", onclick: add }, "+ ", t(`add.${name}`)));
}

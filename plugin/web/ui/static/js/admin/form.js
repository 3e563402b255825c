/** The parts that every form of the administration is made of. */

import { explain, notice } from "../component.js";
import { fill, h } from "../dom.js";
import { t } from "../strings.js";

let serial = 0;

/** A labelled control; its name is the field that a problem of the API names. */
export function field(label, control, hint = null) {
  control.id ||= `field-${(serial += 1)}`;
  return h("div", { class: "field" }, h("label", { for: control.id }, label), control, hint ? h("span", { class: "hint" }, hint) : null);
}

/** A form that calls `send()`, then `done(answer)`; problems stand beside the fields that they name. */
export function form({ fields, button, send, done, className = "form" }) {
  const said = h("div", { "aria-live": "polite" });
  const submit = h("button", { class: "primary" }, button);
  const element = h("form", { class: className, onsubmit: async (event) => {
    event.preventDefault();
    submit.disabled = true;
    for (const old of element.querySelectorAll(".problem")) old.remove();
    for (const control of element.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
    fill(said);
    try {
      await done(await send());
    } catch (error) {
      fill(said, notice("danger", explain(error)));
      for (const { field: name, detail } of error.fields ?? []) beside(element, name, detail);
    }
    submit.disabled = false;
  } }, fields, said, h("div", { class: "row" }, submit));
  return element;
}

function beside(element, name, detail) {
  const control = element.elements.namedItem(name.split(/[./]/).at(-1));
  if (!control?.parentElement) return;
  const id = `problem-${(serial += 1)}`;
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-describedby", id);
  control.parentElement.append(h("span", { class: "problem", id }, detail));
}

/** A table that can be read aloud; `rows` are lists of cells. On a telephone each row becomes a small card (hence the roles: a changed display takes them away). */
export function table(heads, rows, label) {
  return h("div", { class: "table card stacks", tabindex: 0, role: "region", "aria-label": label }, h("table", { role: "table" },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads.map((head) => h("th", { role: "columnheader", scope: "col" }, head)))),
    h("tbody", { role: "rowgroup" }, rows.map((cells) => h("tr", { role: "row" }, cells.map((cell, at) => h("td", { role: "cell", data: { head: heads[at] } }, cell)))))));
}

/** A button that does one thing and reloads; failures stand in `said`. `work` answers false where a person thought better of it: then all stays, the focus too. */
export function act(text, work, { said, load, className = "small" }) {
  return h("button", { type: "button", class: className, onclick: async (event) => {
    const button = event.currentTarget;
    if (button.ariaDisabled === "true") return;
    button.ariaDisabled = "true";  // not "disabled", which would take the focus away
    try {
      if ((await work()) !== false) await load();
      if (!button.isConnected) document.getElementById("content").focus();
    } catch (error) {
      fill(said, notice("danger", explain(error)));
    }
    button.ariaDisabled = null;
  } }, text);
}

export const none = (key) => h("p", { class: "muted" }, t(key));

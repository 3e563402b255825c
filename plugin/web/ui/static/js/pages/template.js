/** One area: its sections, its review rule, its approvals, what must be filled. */

import { explain, notice } from "../component.js";
import { fill, h, iconButton } from "../dom.js";
import { overlaid, policyFields } from "../policy-form.js";
import { ordered } from "../sections.js";
import { may, pageHead, start } from "../shell.js";
import { t, word } from "../strings.js";

const SECTIONS = ["purpose", "scope", "roles", "stakeholders", "prerequisites", "tools", "warnings", "steps", "troubleshooting", "rollback", "escalation", "references"];
const REQUIRED = ["purpose", "scope", "roles", "prerequisites", "troubleshooting", "rollback", "escalation", "stakeholders", "warnings", "steps", "expected", "verification"];

start(async ({ page, api, me, data }) => {
  const path = `/templates/${encodeURIComponent(data.name)}`;
  const [area, people] = await Promise.all([api.get(path).catch(async (error) => {
    if (error.status !== 404) throw error;
    const from = new URLSearchParams(location.search).get("from");
    const model = from ? await api.get(`/templates/${encodeURIComponent(from)}`) : { policy: {}, approval: null, required: [], sections: SECTIONS };
    const whole = await api.get("/templates/default");
    return { ...model, name: data.name, title: "", wider: overlaid(whole.policy, whole.wider) };
  }), api.get("/people")]);
  const admin = may(me, "admin");
  const title = h("input", { id: "title", value: area.title, required: true, maxlength: 200 });
  const review = policyFields({ own: area.policy, wider: area.wider, active: people.items.filter((person) => person.active) });
  const needed = h("input", { id: "needed", type: "number", min: 0, max: 50, value: area.approval?.needed ?? 0 });
  const field = (control, key, hint) => h("div", { class: "field" }, h("label", { for: control.id }, t(key)), control, hint ? h("span", { class: "hint" }, t(hint)) : null);
  const boxes = (key, names, chosen) => {
    const all = [...new Set([...chosen, ...names])];
    const inputs = all.map((name) => h("input", { type: "checkbox", value: name, checked: chosen.includes(name) }));
    const element = h("fieldset", {}, h("legend", {}, t(key)), h("div", { class: "checks" }, inputs.map((input) => h("label", { class: "choice" }, input, word("field", input.value)))));
    return { element, get values() { return inputs.filter((input) => input.checked).map((input) => input.value); } };
  };
  const sections = sectionOrder(area.sections);
  const required = boxes("template.required", REQUIRED, area.required);
  const approvers = boxes("template.approvers", [], []);
  const persons = people.items.map((person) => h("input", { type: "checkbox", value: person.id, checked: area.approval?.approvers.includes(person.id) }));
  fill(approvers.element.querySelector("div"), persons.map((input, index) => h("label", { class: "choice" }, input, people.items[index].name)));
  const answer = h("div", { "aria-live": "polite" });
  const number = (control) => (control.value === "" ? null : Number(control.value));
  const save = async (event) => {
    event.preventDefault();
    try {
      await api.put(path, { title: title.value, policy: review.values(), approval: { needed: number(needed) ?? 0, approvers: persons.filter((input) => input.checked).map((input) => input.value) }, required: required.values, sections: sections.values });
      history.replaceState(null, "", location.pathname);
      fill(answer, notice("ok", t("action.saved")));
    } catch (error) {
      fill(answer, notice("danger", explain(error)));
    }
  };
  page.append(pageHead({ crumbs: [[t("page.templates"), "/templates"]], title: area.title || data.name }),
    h("form", { class: "card stack", onsubmit: save }, h("fieldset", { class: "stack", disabled: !admin }, field(title, "template.title"),
      h("fieldset", { class: "stack tight" }, h("legend", {}, t("review.rules")), review.element, h("span", { class: "hint" }, t(data.name === "default" ? "template.rules.default" : "template.rules.area"))),
      h("div", { class: "cards" }, field(needed, "template.needed")), sections.element, required.element, approvers.element, admin ? h("div", { class: "row" }, h("button", { class: "primary" }, t("action.save"))) : null), answer));
});

/** The sections that are wanted, in the order in which they are read: ticked with a box, moved with two buttons. */
function sectionOrder(chosen) {
  // What is asked of single steps is no section of its own, but stays wanted.
  const ofSteps = chosen.filter((name) => !SECTIONS.includes(name));
  const wanted = new Set(["steps", ...chosen]);
  const order = ordered(chosen).filter((name) => SECTIONS.includes(name));
  const list = h("ol", { class: "order" });
  const move = (name, by) => {
    const at = order.indexOf(name);
    order.splice(at, 1);
    order.splice(at + by, 0, name);
    show();
    const [same, other] = by < 0 ? ["up", "down"] : ["down", "up"];
    const buttons = list.children[at + by].querySelectorAll("button");
    const usable = [...buttons].filter((button) => !button.disabled);
    (usable.find((button) => button.dataset.way === same) ?? usable.find((button) => button.dataset.way === other))?.focus();
  };
  const arrow = (way, name, by, disabled) => iconButton(way, t(`template.${way}`, { section: word("field", name) }), () => move(name, by), { class: "quiet icon-only small", disabled, data: { way } });
  const show = () => fill(list, order.map((name, at) => h("li", {},
    h("label", { class: "choice grow" }, h("input", { type: "checkbox", checked: wanted.has(name), disabled: name === "steps", onchange: (event) => (event.target.checked ? wanted.add(name) : wanted.delete(name)) }), word("field", name)),
    arrow("up", name, -1, at === 0), arrow("down", name, 1, at === order.length - 1))));
  show();
  const element = h("fieldset", {}, h("legend", {}, t("template.sections")), h("p", { class: "hint" }, t("template.sections.hint")), list);
  return { element, get values() { return [...order.filter((name) => wanted.has(name)), ...ofSteps]; } };
}

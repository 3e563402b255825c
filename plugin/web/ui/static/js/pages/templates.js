/** The areas and what each wants. */

import { h } from "../dom.js";
import { overlaid, spoken } from "../policy-form.js";
import { may, pageHead, start } from "../shell.js";
import { t, word } from "../strings.js";

start(async ({ page, api, me }) => {
  const { items } = await api.get("/templates");
  const name = h("input", { id: "copy", maxlength: 60, pattern: "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", title: t("templates.name.hint"), required: true });
  const from = h("select", { id: "from" }, h("option", { value: "" }, t("templates.from.nothing")), items.filter((area) => area.name).map((area) => h("option", { value: area.name }, area.title)));
  const add = (event) => {
    event.preventDefault();
    const taken = items.some((area) => area.name === name.value.toLowerCase());
    name.setCustomValidity(taken ? t("templates.name.taken") : "");
    if (name.reportValidity()) location.assign(`/templates/${encodeURIComponent(name.value.toLowerCase())}${from.value ? `?from=${encodeURIComponent(from.value)}` : ""}`);
  };
  name.addEventListener("input", () => name.setCustomValidity(""));
  page.append(pageHead({ title: t("page.templates") }), h("p", { class: "muted" }, t("templates.text")),
    h("div", { class: "cards" }, items.map((area) => card(area, may(me, "admin")))),
    may(me, "admin") ? h("form", { class: "card row bottom", onsubmit: add }, h("div", { class: "field" }, h("label", { for: "copy" }, t("templates.new")), name), h("div", { class: "field" }, h("label", { for: "from" }, t("templates.from")), from), h("button", {}, t("templates.new.button"))) : "");
});

function card(area, admin) {
  const rule = overlaid(area.policy, area.wider);
  return h("section", { class: "card stack tight" }, h("div", { class: "row between top" }, h("h2", { class: "grow" }, area.title || t("templates.default")), h("a", { class: "button small", href: `/templates/${encodeURIComponent(area.name || "default")}` }, t(admin ? "templates.change" : "templates.look"))),
    area.name ? null : h("p", { class: "small" }, t("templates.default.text")),
    h("p", { class: "small muted" }, [t("templates.rule", { what: spoken(rule), level: t(`criticality.${rule.criticality}`) }), area.approval?.needed ? t("templates.approvals", { n: area.approval.needed }) : ""].filter(Boolean).join(" · ")),
    area.examples?.length ? h("p", { class: "small" }, t("templates.examples", { what: area.examples.join("; ") })) : null,
    area.sections.length ? h("p", { class: "small" }, area.sections.map((section) => word("field", section)).join(" · ")) : null,
    area.required.length ? h("p", { class: "small" }, h("strong", {}, t("templates.required")), " ", area.required.map((field) => word("field", field.split(".").at(-1))).join(", ")) : null);
}

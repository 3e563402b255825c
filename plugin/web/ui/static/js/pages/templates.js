/** The areas and what each wants. */

import { h } from "../dom.js";
import { may, pageHead, start } from "../shell.js";
import { t, word } from "../strings.js";

start(async ({ page, api, me }) => {
  const { items } = await api.get("/templates");
  const name = h("input", { id: "copy", maxlength: 60, pattern: "[A-Za-z0-9-]+", required: true });
  page.append(pageHead({ title: t("page.templates") }), h("p", { class: "muted" }, t("templates.text")),
    h("div", { class: "cards" }, items.map((area) => card(area, may(me, "admin")))),
    may(me, "admin") ? h("form", { class: "card row", onsubmit: (event) => (event.preventDefault(), location.assign(`/templates/${encodeURIComponent(name.value.toLowerCase())}`)) }, h("div", { class: "field" }, h("label", { for: "copy" }, t("templates.new")), name), h("button", {}, t("templates.new.button"))) : "");
});

function card(area, admin) {
  const days = area.policy.interval_days ?? (area.policy.interval_months ? area.policy.interval_months * 30 : null);
  return h("section", { class: "card stack tight" }, h("div", { class: "row between" }, h("h2", {}, area.title || t("templates.default")), h("a", { class: "button small", href: `/templates/${encodeURIComponent(area.name || "default")}` }, t(admin ? "templates.change" : "templates.look"))),
    h("p", { class: "small muted" }, [days ? t("templates.interval", { n: days }) : "", area.approval?.needed ? t("templates.approvals", { n: area.approval.needed }) : ""].filter(Boolean).join(" · ")),
    area.examples?.length ? h("p", { class: "small" }, t("templates.examples", { what: area.examples.join("; ") })) : null,
    area.sections.length ? h("p", { class: "small" }, area.sections.map((section) => word("field", section)).join(" · ")) : null,
    area.required.length ? h("p", { class: "small" }, h("strong", {}, t("templates.required")), " ", area.required.map((field) => word("field", field.split(".").at(-1))).join(", ")) : null);
}

import { fill, h } from "../dom.js";
import { date } from "../format.js";
import { t } from "../strings.js";
import { field, form, none } from "./form.js";

const lines = (control) => control.value.split("\n").map((line) => line.trim()).filter(Boolean);

export async function show({ panel, api, load }) {
  const [workspace, all] = await Promise.all([api.get("/settings"), api.get("/workspaces")]);
  const { settings } = workspace;
  const name = h("input", { name: "name", value: workspace.name, required: true, maxlength: 200 });
  const language = h("input", { name: "language", value: settings.language ?? "", maxlength: 8 });
  const never = h("textarea", { name: "never", rows: 3 }, (settings.never ?? []).join("\n"));
  const allowed = h("textarea", { name: "allowed", rows: 3 }, (settings.allowed ?? []).join("\n"));
  const fresh = h("input", { name: "name", required: true, maxlength: 200 });
  fill(panel,
    h("section", { class: "card stack" }, h("h2", {}, t("admin.workspace")), form({
      fields: [field(t("workspace.name"), name), field(t("workspace.language"), language, t("workspace.language.hint")), field(t("workspace.never"), never, t("workspace.never.hint")), field(t("workspace.allowed"), allowed, t("workspace.allowed.hint"))],
      button: t("action.save"), done: load,
      send: () => api.patch("/settings", { name: name.value, settings: { never: lines(never), allowed: lines(allowed), ...(language.value ? { language: language.value } : {}) } }),
    })),
    h("section", { class: "card stack" }, h("h2", {}, t("workspace.all")), all.items.length ? h("ul", { class: "timeline" }, all.items.map((one) => h("li", {}, h("span", {}, one.name, " ", h("span", { class: "muted" }, one.slug)), h("span", { class: "small muted" }, date(one.created_at))))) : none("workspace.none"),
      form({ fields: [field(t("workspace.new"), fresh)], button: t("workspace.new.button"), send: () => api.post("/workspaces", { name: fresh.value }), done: load })));
}

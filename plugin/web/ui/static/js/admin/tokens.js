import { fill, h } from "../dom.js";
import { moment } from "../format.js";
import { t } from "../strings.js";
import { act, field, form, none, table } from "./form.js";

export async function show({ panel, api, load }) {
  const { items } = await api.get("/tokens");
  const said = h("div", { "aria-live": "polite" });
  const name = h("input", { name: "name", required: true, maxlength: 200 });
  const days = h("input", { name: "days", type: "number", min: 1, max: 3650, value: 90 });
  const scopes = ["read", "write", "publish", "admin"].map((value) => h("input", { type: "checkbox", name: "scope", value, checked: value === "read" || value === "write" }));
  const chosen = () => scopes.filter((box) => box.checked).map((box) => box.value);
  const choice = h("fieldset", {}, h("legend", {}, t("tokens.scopes")), h("div", { class: "checks" }, scopes.map((box) => h("label", { class: "choice" }, box, t(`tokens.scope.${box.value}`)))));
  const made = async (token) => {
    await load();
    panel.prepend(h("section", { class: "card stack tight", role: "status" }, h("h2", {}, t("tokens.made")), h("p", {}, t("tokens.made.text")), h("p", { class: "once" }, token.secret)));
  };
  fill(panel, said, items.length ? table(["tokens.name", "tokens.scopes", "tokens.created", "tokens.expires", "tokens.used", ""].map((key) => key && t(key)), items.map((token) => [token.name, token.scopes.length === scopes.length ? t("tokens.scopes.all") : token.scopes.join(", "), moment(token.created_at), moment(token.expires_at) || t("tokens.never"), moment(token.last_used_at) || t("tokens.never"), act(t("tokens.revoke"), () => api.delete(`/tokens/${encodeURIComponent(token.id)}`), { said, load })]), t("admin.tokens")) : none("tokens.none"),
    h("section", { class: "card stack" }, h("h2", {}, t("tokens.make")), form({ fields: [field(t("tokens.name"), name), field(t("tokens.days"), days, t("tokens.days.hint")), choice], button: t("tokens.make"), send: () => api.call("POST", "/tokens", { body: { name: name.value, days: Number(days.value) || null, scopes: chosen() } }), done: made })));
}

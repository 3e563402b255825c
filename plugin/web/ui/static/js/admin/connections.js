import { notice } from "../component.js";
import { ask, fill, h } from "../dom.js";
import { rich } from "../rich.js";
import { t, word } from "../strings.js";
import { act, field, form, none } from "./form.js";

/** For the operator of the installation to say, not for a workspace. */
const OPERATORS = new Set(["allow_private_addresses"]);

export async function show({ panel, api, load }) {
  const [{ items }, kinds] = await Promise.all([api.get("/connections"), api.get("/connections/kinds")]);
  fill(panel, items.length ? h("div", { class: "cards" }, items.map((one) => card(api, one, load))) : none("connections.none"), add(api, kinds.items, load));
}

function card(api, one, load) {
  const said = h("div", { "aria-live": "polite" });
  const path = `/connections/${encodeURIComponent(one.id)}`;
  const check = async () => {
    const identity = await api.call("POST", `${path}/check`, { body: {} });
    fill(said, notice(identity.missing.length ? "warn" : "ok", t("connections.is", { name: identity.name }), identity.missing.length ? h("ul", {}, identity.missing.map((text) => h("li", {}, text))) : null));
  };
  const remove = async () => {
    const sure = await ask(document.body, { title: t("connections.remove"), text: t("connections.remove.text", { name: one.name }), yes: t("connections.remove"), no: t("action.cancel"), danger: true });
    return sure && api.delete(path);
  };
  return h("section", { class: "card stack tight" }, h("div", { class: "row between" }, h("h2", {}, one.name), h("span", { class: `badge ${one.state === "active" ? "ok" : "warn"}` }, t(`connections.state.${one.state}`))), h("p", { class: "small muted" }, [word("kind", one.kind), one.default_place].filter(Boolean).join(" · ")),
    h("dl", { class: "facts" }, Object.entries(one.settings).filter(([name]) => !OPERATORS.has(name)).map(([name, value]) => [h("dt", {}, label(name, {})), h("dd", {}, typeof value === "object" ? JSON.stringify(value) : String(value))])), one.message ? notice("warn", one.message) : null, said,
    h("div", { class: "row" }, act(t("connections.check"), check, { said, load: async () => {} }), act(t("connections.remove"), remove, { said, load })));
}

/** The fields come from the JSON schema of the connector, so a new connector needs no new page. */
function add(api, kinds, load) {
  const place = h("div", { class: "stack tight" });
  const select = h("select", { onchange: () => build() }, kinds.map((kind) => h("option", { value: kind.name }, word("kind", kind.name))));
  const build = () => {
    const kind = kinds.find((one) => one.name === select.value);
    const name = h("input", { name: "name", required: true, maxlength: 200, value: word("kind", kind.name) });
    const where = h("input", { name: "default_place", maxlength: 500 });
    const controls = Object.entries(kind.schema.properties ?? {}).filter(([key]) => !OPERATORS.has(key)).map(([key, schema]) => [key, schema, control(key, schema, kind)]);
    const instead = ["confluence", "notion"].includes(kind.name) ? h("p", { class: "small" }, h("a", { href: `/${kind.name}/setup` }, t("connections.setup", { kind: word("kind", kind.name) }))) : null;
    fill(place, instead, form({
      fields: [field(t("connections.name"), name), controls.map(([key, schema, input]) => setting(key, schema, input)), field(t("connections.place"), where)],
      button: t("connections.add"), done: load,
      send: () => api.post("/connections", { kind: kind.name, name: name.value, settings: Object.fromEntries(controls.map(([key, schema, input]) => [key, valueOf(schema, input)]).filter(([, value]) => value !== null)), default_place: where.value || null }),
    }));
  };
  if (kinds.length) build();
  return h("section", { class: "card stack" }, h("h2", {}, t("connections.add")), h("div", { class: "form" }, field(t("connections.kind"), select)), place);
}

/** The words of our catalogue; else what the connector calls it, as a sentence begins. */
function label(key, schema) {
  const known = word("setting", key);
  if (known !== key.replaceAll("_", " ") || !schema.title) return known;
  return schema.title[0] + schema.title.slice(1).toLowerCase();
}

/** A checkbox stands before its words. */
function setting(key, schema, input) {
  const hint = schema.description ? rich(schema.description) : null;
  if (input.type !== "checkbox") return field(label(key, schema), input, hint);
  return h("div", { class: "field" }, h("label", { class: "choice" }, input, label(key, schema)), hint ? h("span", { class: "hint" }, hint) : null);
}

const typeOf = (schema) => schema.type ?? schema.anyOf?.find((one) => one.type !== "null")?.type ?? "string";

function control(key, schema, kind) {
  const required = (kind.schema.required ?? []).includes(key);
  if (schema.enum) return h("select", { name: key }, schema.enum.map((value) => h("option", { value }, word("edition", value))));
  if (typeOf(schema) === "boolean") return h("input", { name: key, type: "checkbox", checked: Boolean(schema.default) });
  const type = kind.secrets.includes(key) ? "password" : ["integer", "number"].includes(typeOf(schema)) ? "number" : "text";
  return h("input", { name: key, type, required, maxlength: 2000, autocomplete: "off", value: schema.default ?? "" });
}

function valueOf(schema, input) {
  if (typeOf(schema) === "boolean") return input.checked;
  if (input.value === "") return null;
  if (["integer", "number"].includes(typeOf(schema))) return Number(input.value);
  return typeOf(schema) === "array" ? input.value.split(",").map((part) => part.trim()) : input.value;
}

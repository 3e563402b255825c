import { ask, fill, h } from "../dom.js";
import { t } from "../strings.js";
import { act, field, form, table } from "./form.js";

const ROLES = ["viewer", "author", "approver", "admin"];

export async function show({ panel, api, me, load }) {
  const { items } = await api.get("/people");
  const said = h("div", { "aria-live": "polite" });
  const change = (person, values) => api.patch(`/people/${encodeURIComponent(person.id)}`, values);
  const role = (person) => h("select", { "aria-label": t("people.role-of", { name: person.name }), disabled: person.id === me.id, onchange: async (event) => {
    await change(person, { role: event.target.value }).then(load, (error) => said.replaceChildren(error.message));
  } }, ROLES.map((name) => h("option", { value: name, selected: name === person.role }, t(`role.${name}`))));
  const toggle = (person) => person.id === me.id ? "" : act(t(person.active ? "people.deactivate" : "people.activate"), async () => {
    if (person.active && !(await ask(document.body, { title: t("people.deactivate"), text: t("people.deactivate.text", { name: person.name }), yes: t("people.deactivate"), no: t("action.cancel"), danger: true }))) return false;
    return change(person, { active: !person.active });
  }, { said, load });
  fill(panel, said, table(["people.name", "people.email", "people.role", "people.state", ""].map((key) => key && t(key)), items.map((person) => [person.name, person.email, role(person), h("span", { class: `badge ${person.active ? "ok" : ""}` }, t(person.active ? "people.active" : "people.inactive")), toggle(person)]), t("admin.people")), add(api, load));
}

function add(api, load) {
  const name = h("input", { name: "name", required: true, maxlength: 200 });
  const email = h("input", { name: "email", type: "email", required: true, maxlength: 254 });
  const password = h("input", { name: "password", type: "password", autocomplete: "new-password", minlength: 12, maxlength: 1024 });
  const role = h("select", { name: "role" }, ROLES.map((one) => h("option", { value: one, selected: one === "author" }, t(`role.${one}`))));
  return h("section", { class: "card stack" }, h("h2", {}, t("people.add")), form({
    fields: [field(t("people.name"), name), field(t("people.email"), email), field(t("people.role"), role), field(t("people.password"), password, t("people.password.hint"))],
    button: t("people.add"), send: () => api.post("/people", { name: name.value, email: email.value, role: role.value, password: password.value || null }), done: load,
  }));
}

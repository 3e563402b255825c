import { fill, h } from "../dom.js";
import { t } from "../strings.js";
import { table } from "./form.js";

const KINDS = { good: "ok", poor: "warn", bad: "danger" };

export async function show({ panel, api, load }) {
  const { items } = await api.get("/health");
  fill(panel, table([t("health.part"), t("health.state"), t("health.message")], items.map((one) => [one.name, h("span", { class: `badge ${KINDS[one.state]}` }, t(`health.${one.state}`)), one.message]), t("admin.health")), h("div", {}, h("button", { type: "button", onclick: load }, t("health.again"))));
}

import { query } from "../api.js";
import { ask, fill, h } from "../dom.js";
import { bytes, moment } from "../format.js";
import { t } from "../strings.js";
import { act, none, table } from "./form.js";

export async function show({ panel, api, load }) {
  const { items, next_cursor } = await api.get(`/recordings${query({ limit: 200 })}`);
  const said = h("div", { "aria-live": "polite" });
  const remove = async (one) => {
    if (await ask(document.body, { title: t("recordings.delete"), text: t("recordings.delete.text", { name: one.filename }), yes: t("recordings.delete"), no: t("action.cancel"), danger: true })) await api.delete(`/recordings/${encodeURIComponent(one.id)}`);
  };
  fill(panel, h("p", { class: "muted" }, t("recordings.text")), said, items.length ? table(["recordings.name", "recordings.size", "recordings.when", "recordings.sop", ""].map((key) => key && t(key)), items.map((one) => [one.filename, bytes(one.size_bytes), moment(one.created_at), one.sop_id ? h("a", { href: `/sops/${encodeURIComponent(one.sop_id)}` }, t("job.read")) : "", act(t("recordings.delete"), () => remove(one), { said, load })]), t("admin.recordings")) : none("recordings.none"), next_cursor ? h("p", { class: "small muted" }, t("recordings.first")) : null);
}

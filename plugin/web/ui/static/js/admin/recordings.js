import { query } from "../api.js";
import { ask, fill, h } from "../dom.js";
import { bytes, moment } from "../format.js";
import { t } from "../strings.js";
import { act, field, form, none, table } from "./form.js";

export async function show({ panel, api, load }) {
  const [{ items, next_cursor }, { settings }] = await Promise.all([api.get(`/recordings${query({ limit: 200 })}`), api.get("/settings")]);
  const days = h("input", { name: "recording_days", type: "number", min: 0, max: 36500, step: 1, required: true, value: settings.recording_days ?? 0 });
  const keeping = form({ className: "card form", fields: [field(t("recordings.keep"), days, t("recordings.keep.hint"))], button: t("action.save"), done: load, send: async () => {
    const wanted = Number(days.value);
    const shorter = wanted > 0 && (!settings.recording_days || wanted < settings.recording_days);
    if (shorter && !(await ask(document.body, { title: t("recordings.keep.title"), text: t("recordings.keep.text", { n: wanted }), yes: t("action.save"), no: t("action.cancel"), danger: true }))) return;
    await api.patch("/settings", { settings: { recording_days: wanted } });
  } });
  const said = h("div", { "aria-live": "polite" });
  const remove = async (one) => {
    const sure = await ask(document.body, { title: t("recordings.delete"), text: t("recordings.delete.text", { name: one.filename }), yes: t("recordings.delete"), no: t("action.cancel"), danger: true });
    return sure && api.delete(`/recordings/${encodeURIComponent(one.id)}`);
  };
  fill(panel, h("p", { class: "muted" }, t("recordings.text")), keeping, said, items.length ? table(["recordings.name", "recordings.size", "recordings.when", "recordings.sop", ""].map((key) => key && t(key)), items.map((one) => [one.filename, bytes(one.size_bytes), moment(one.created_at), one.sop_id ? h("a", { href: `/sops/${encodeURIComponent(one.sop_id)}` }, t("job.read")) : "", act(t("recordings.delete"), () => remove(one), { said, load })]), t("admin.recordings")) : none("recordings.none"), next_cursor ? h("p", { class: "small muted" }, t("recordings.first")) : null);
}

import { query } from "../api.js";
import { fill, h } from "../dom.js";
import { moment } from "../format.js";
import { rich } from "../rich.js";
import { t } from "../strings.js";

export async function show({ panel, api }) {
  const list = h("ul", { class: "timeline card" });
  const more = h("div");
  const load = async (cursor) => {
    const { items, next_cursor } = await api.get(`/audit${query({ cursor })}`);
    list.append(...items.map((event) => h("li", {}, h("div", {}, h("strong", {}, event.actor_name), " ", event.sentence, event.sop_title ? h("p", { class: "small" }, h("a", { href: `/sops/${encodeURIComponent(event.sop_id)}` }, rich(event.sop_title))) : null), h("span", { class: "small muted" }, moment(event.at)))));
    fill(more, next_cursor ? h("button", { type: "button", onclick: () => load(next_cursor) }, t("library.more")) : null);
  };
  fill(panel, h("div", { class: "row end" }, h("a", { class: "button", href: api.url("/audit.csv") }, t("log.export"))), list, more);
  await load(null);
}

/** How the SOP of this page stands: under the title, and as a banner when its review is overdue. */

import { notice } from "./ui/js/component.js";
import { fill, h } from "./ui/js/dom.js";
import { date } from "./ui/js/format.js";
import { open, remote } from "./remote.js";
import { words } from "./words.js";

const LOOKS = { current: "ok", "due soon": "warn", due: "warn", overdue: "danger" };

export async function byline(page) {
  page.classList.add("slim");
  const { sop, service } = await remote("status");
  if (!sop) return fill(page, h("p", {}, words.none));
  const facts = [[words.state, h("span", { class: `badge ${LOOKS[sop.review_state] ?? ""}` }, words.states[sop.review_state] ?? sop.review_state)], [words.due, sop.due ? date(sop.due) : "–"], [words.owner, sop.owner ?? words.nobody], [words.revision, String(sop.revision ?? "–")]];
  const said = h("div", { "aria-live": "polite" });
  return fill(page, h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])), said, h("div", { class: "row" }, confirm(sop, said), h("a", { href: `${service}/sops/${encodeURIComponent(sop.sop_id)}` }, words.inService)));
}

export async function banner(page) {
  page.classList.add("slim", "banner");
  const { sop, overdue } = await remote("status");
  if (!overdue) return fill(page);
  const said = h("div", { "aria-live": "polite" });
  fill(said, notice("warn", words.overdue(date(sop.due), sop.owner), confirm(sop, said)));
  return fill(page, said);
}

/** One click says that the page is still right; who may not change it is told so then. */
function confirm(sop, said) {
  const button = h("button", { type: "button", class: "small", onclick: async () => {
    button.disabled = true;
    try {
      const { service_api } = await open();
      await service_api.post(`/sops/${encodeURIComponent(sop.sop_id)}/reviews`, { outcome: "still_right", note: "" });
      fill(said, notice("ok", words.confirmed));
    } catch (error) {
      button.disabled = false;
      fill(said, notice("danger", error.message, button));
    }
  } }, words.stillRight);
  return button;
}

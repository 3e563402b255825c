/** What a signed link of a mail leads to: one click records the outcome. Opening the page changes nothing (mail scanners open links). */

import { Api } from "../api.js";
import { explain, notice } from "../component.js";
import { fill, h } from "../dom.js";
import { date } from "../format.js";
import { OUTCOMES } from "../review-panel.js";
import { themeButton } from "../shell.js";
import { t } from "../strings.js";

const CHOICES = { review: OUTCOMES.filter((outcome) => outcome !== "hand_over"), approval: ["approved", "declined"], unsubscribe: ["unsubscribe"] };
const page = document.getElementById("page");
const api = new Api();
const path = `/links/${encodeURIComponent(new URLSearchParams(location.search).get("token") ?? "none")}`;
fill(document.getElementById("who"), themeButton());
const card = h("div", { class: "card" });
fill(page, h("div", { class: "single" }, card));

async function open() {
  try {
    show(await api.get(path));
  } catch (error) {
    fill(card, h("h1", {}, t("link.bad.title")), h("p", {}, [403, 404].includes(error.status) ? t("link.bad.text") : explain(error)));
  }
  page.removeAttribute("aria-busy");
}

function show(link) {
  const note = h("textarea", { id: "note", rows: 2, maxlength: 2000 });
  const said = h("div", { "aria-live": "polite" });
  const act = async (outcome) => {
    try {
      await api.post(path, { outcome, note: note.value });
      fill(card, h("h1", {}, t("link.done.title")), h("p", {}, link.title), notice("ok", t(`link.done.${outcome}`)), link.sop_id ? h("a", { href: `/sops/${encodeURIComponent(link.sop_id)}` }, t("link.open")) : null);
    } catch (error) {
      fill(said, notice("danger", explain(error)));
    }
  };
  const first = link.action && CHOICES[link.kind].includes(link.action) ? link.action : CHOICES[link.kind][0];
  const others = CHOICES[link.kind].filter((outcome) => outcome !== first);
  fill(card, h("h1", {}, t(`link.${link.kind}`)), link.title ? h("p", {}, h("strong", {}, link.title)) : null, link.due ? h("p", { class: "muted" }, t("review.due", { date: date(link.due) })) : null,
    h("p", { class: "muted small" }, t("link.as", { name: link.person_name })), link.done ? notice("info", t("link.already")) : null,
    link.kind === "unsubscribe" ? null : h("div", { class: "field" }, h("label", { for: "note" }, t("review.note")), note), said,
    h("button", { type: "button", class: "primary", onclick: () => act(first) }, t(`outcome.${first}`)), h("div", { class: "row" }, others.map((outcome) => h("button", { type: "button", onclick: () => act(outcome) }, t(`outcome.${outcome}`)))),
    link.sop_id ? h("a", { href: `/sops/${encodeURIComponent(link.sop_id)}` }, t("link.open")) : null);
}

open();

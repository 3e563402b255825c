/** What a signed link of a mail leads to: one click records the outcome. Opening the page changes nothing (mail scanners open links). */

import { Api } from "../api.js";
import { explain, notice } from "../component.js";
import { fill, h } from "../dom.js";
import { date, moment } from "../format.js";
import { OUTCOMES } from "../review-panel.js";
import { themeButton } from "../shell.js";
import { t } from "../strings.js";

const SIMPLE = OUTCOMES.filter((outcome) => outcome !== "hand_over");
const page = document.getElementById("page");
const api = new Api();
const path = `/links/${encodeURIComponent(new URLSearchParams(location.search).get("token") ?? "none")}`;
fill(document.getElementById("who"), themeButton());
const card = h("div", { class: "card" });
fill(page, h("div", { class: "single wide" }, card));

async function open() {
  try {
    show(await api.get(path));
  } catch (error) {
    fill(card, h("h1", {}, t("link.bad.title")), h("p", {}, [403, 404].includes(error.status) ? t("link.bad.text") : explain(error)), h("div", {}, h("a", { class: "button", href: "/" }, t("error-page.home"))));
  }
  page.removeAttribute("aria-busy");
}

function show(link) {
  document.title = `${t(`link.${link.kind}`)} · ${t("app.name")}`;
  if (link.done) return answered(link);
  const said = h("div", { "aria-live": "polite" });
  const act = async (values) => {
    try {
      const after = await api.post(path, values);
      thank(after, values);
    } catch (error) {
      fill(said, notice("danger", explain(error)));
    }
  };
  const parts = { review: askReview, approval: askApproval, unsubscribe: askUnsubscribe }[link.kind](link, act);
  fill(card, h("h1", {}, t(`link.${link.kind}`)), about(link), h("p", { class: "muted small" }, t("link.as", { name: link.person_name })), said, ...parts, openSop(link));
  if (["hand_over", "snooze"].includes(link.action)) card.querySelector("details[open] :is(select, input)")?.focus();
  return null;
}

function about(link) {
  const facts = [link.due ? t("review.due", { date: date(link.due) }) : null, link.revision ? t("sop.revision", { n: link.revision }) : null, link.snoozed_until ? t("review.snoozed", { date: date(link.snoozed_until) }) : null];
  return link.title ? h("div", {}, h("p", { class: "lead-in" }, link.title), h("p", { class: "muted small" }, facts.filter(Boolean).join(" · "))) : null;
}

function askReview(link, act) {
  const note = h("textarea", { id: "note", rows: 2, maxlength: 2000 });
  const first = SIMPLE.includes(link.action) ? link.action : SIMPLE[0];
  const button = (outcome, kind) => h("button", { type: "button", class: kind, onclick: () => act({ outcome, note: note.value }) }, t(`outcome.${outcome}`));
  return [field(note, "review.note"), button(first, "primary"), h("div", { class: "row" }, SIMPLE.filter((outcome) => outcome !== first).map((outcome) => button(outcome, ""))), later(link, act), handOver(link, act, note)];
}

function later(link, act) {
  const until = h("input", { id: "until", type: "date", required: true, min: day(1), max: day(90) });
  const reason = h("input", { id: "reason", required: true, maxlength: 1000 });
  return h("details", { open: link.action === "snooze" }, h("summary", {}, t("link.later")), h("form", { class: "stack tight", onsubmit: (event) => (event.preventDefault(), act({ outcome: "snooze", until: until.value, note: reason.value })) }, field(until, "review.snooze"), field(reason, "review.reason"), h("div", {}, h("button", {}, t("review.snooze.button")))));
}

function handOver(link, act, note) {
  if (!link.people.length) return null;
  const person = h("select", { id: "person", required: true }, h("option", { value: "" }, t("link.choose")), link.people.map((one) => h("option", { value: one.id }, one.name)));
  return h("details", { open: link.action === "hand_over" }, h("summary", {}, t("link.hand-over")), h("form", { class: "stack tight", onsubmit: (event) => (event.preventDefault(), act({ outcome: "hand_over", hand_over_to: person.value, note: note.value })) }, field(person, "review.person"), h("div", {}, h("button", {}, t("outcome.hand_over")))));
}

function askApproval(link, act) {
  const note = h("textarea", { id: "note", rows: 2, maxlength: 2000 });
  const order = link.action === "declined" ? ["declined", "approved"] : ["approved", "declined"];
  return [h("p", {}, h("a", { class: "button", href: `/sops/${encodeURIComponent(link.sop_id)}` }, t("link.read-first"))), field(note, "approval.comment"), h("div", { class: "row" }, order.map((outcome, index) => h("button", { type: "button", class: index ? "" : "primary", onclick: () => act({ outcome, note: note.value }) }, t(`outcome.${outcome}`))))];
}

function askUnsubscribe(_, act) {
  return [h("p", {}, t("link.unsubscribe.text")), h("div", {}, h("button", { type: "button", class: "primary", onclick: () => act({ outcome: "unsubscribe" }) }, t("outcome.unsubscribe")))];
}

/** After the first click. Where somebody was faster, what they answered. */
function thank(link, values) {
  if (link.done && link.answer.what !== values.outcome) return answered(link);
  const words = values.outcome === "snooze" ? t("link.done.snooze", { date: date(values.until) }) : t(`link.done.${values.outcome}`);
  return end(link, t("link.done.title"), notice("ok", words));
}

/** A second use: says kindly what became of it. */
function answered(link) {
  const { what, by, at } = link.answer;
  const words = by && at ? t("link.answered.by", { what: t(`link.answer.${what}`), by, when: moment(at) }) : t(`link.answer.${what}`);
  return end(link, t("link.answered.title"), notice("info", words));
}

function end(link, title, said) {
  fill(card, h("h1", { tabindex: -1 }, title), about({ ...link, due: null }), said, link.kind === "unsubscribe" ? h("p", { class: "muted small" }, t("link.unsubscribe.again")) : null, openSop(link));
  card.querySelector("h1").focus();
}

function openSop(link) {
  return link.sop_id ? h("a", { href: `/sops/${encodeURIComponent(link.sop_id)}` }, t("link.open")) : null;
}

function field(control, key) {
  return h("div", { class: "field" }, h("label", { for: control.id }, t(key)), control);
}

/** The day so many days from now, as an input of type date wants it. */
function day(ahead) {
  return new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);
}

open();

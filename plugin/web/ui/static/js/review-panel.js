/** Owner, due date, outcome buttons, snooze and the history of reviews and approvals of one SOP. */

import { explain, notice } from "./component.js";
import { fill, h } from "./dom.js";
import { date, moment } from "./format.js";
import { may } from "./shell.js";
import { t, word } from "./strings.js";

export const OUTCOMES = ["still_right", "needs_change", "record_again", "retire", "hand_over"];

export async function reviewPanel({ api, path, me, reload }) {
  const [review, people, approvals] = await Promise.all([api.get(`${path}/reviews`), api.get("/people"), api.get(`${path}/approvals`)]);
  const answer = h("div", { "aria-live": "polite" });
  const act = async (work) => {
    try {
      await work();
      await reload();
    } catch (error) {
      fill(answer, notice("danger", explain(error)));
    }
  };
  const active = people.items.filter((person) => person.active);
  return h("div", { class: "stack" }, answer, standing(review), may(me, "author") || review.owner_id === me.id ? [outcomes({ api, path, active, act }), owner({ api, path, review, active, act })] : null,
    approvalList({ api, me, approvals: approvals.items, act }), history(review));
}

function standing(review) {
  const kind = { current: "ok", "due soon": "warn", due: "warn", overdue: "danger" }[review.state] ?? "";
  return h("div", { class: "card row" }, h("span", { class: `badge ${kind}` }, word("review", review.state)), h("span", {}, review.due ? t("review.due", { date: date(review.due) }) : t("review.no-due")), review.owner_name ? h("span", { class: "muted" }, review.owner_name) : h("span", { class: "muted" }, t("review.no-owner")), review.snoozed_until ? h("span", { class: "muted" }, t("review.snoozed", { date: date(review.snoozed_until) })) : null);
}

function outcomes({ api, path, active, act }) {
  const note = h("textarea", { id: "review-note", rows: 2, maxlength: 2000 });
  const person = h("select", { id: "review-person" }, active.map((one) => h("option", { value: one.id }, one.name)));
  const conclude = (outcome) => act(() => api.post(`${path}/reviews`, { outcome, note: note.value, hand_over_to: outcome === "hand_over" ? person.value : null }));
  return h("section", { class: "card stack tight" }, h("h2", {}, t("review.conclude")), h("div", { class: "field" }, h("label", { for: "review-note" }, t("review.note")), note),
    h("div", { class: "row" }, OUTCOMES.filter((outcome) => outcome !== "hand_over").map((outcome) => h("button", { type: "button", class: outcome === "still_right" ? "primary" : "", onclick: () => conclude(outcome) }, t(`outcome.${outcome}`)))),
    h("div", { class: "row" }, h("label", { for: "review-person" }, t("review.person")), h("div", {}, person), h("button", { type: "button", onclick: () => conclude("hand_over") }, t("outcome.hand_over"))));
}

function owner({ api, path, review, active, act }) {
  const select = h("select", { id: "review-owner" }, h("option", { value: "" }, t("publish.owner.none")), active.map((one) => h("option", { value: one.id, selected: one.id === review.owner_id }, one.name)));
  const until = h("input", { id: "snooze", type: "date", required: true });
  const reason = h("input", { id: "snooze-reason", required: true, maxlength: 1000 });
  const days = h("input", { id: "interval-days", type: "number", min: 1, max: 3660, value: review.policy.interval_days ?? "" });
  const field = (control, key) => h("div", { class: "field" }, h("label", { for: control.id }, t(key)), control);
  return h("section", { class: "card stack tight" }, h("h2", {}, t("review.rules")),
    h("div", { class: "row" }, field(select, "sop.owner"), h("button", { type: "button", onclick: () => act(() => api.put(`${path}/owner`, { owner: select.value || null })) }, t("action.save"))),
    h("form", { class: "row", onsubmit: (event) => (event.preventDefault(), act(() => api.put(`${path}/policy`, { interval_days: Number(days.value) || null }))) }, field(days, "review.interval"), h("button", {}, t("action.save"))),
    h("form", { class: "row", onsubmit: (event) => (event.preventDefault(), act(() => api.post(`${path}/snooze`, { until: until.value, reason: reason.value }))) }, field(until, "review.snooze"), field(reason, "review.reason"), h("button", {}, t("review.snooze.button"))));
}

function approvalList({ api, me, approvals, act }) {
  if (!approvals.length) return null;
  const decide = (approval, decision) => act(() => api.post(`/approvals/${encodeURIComponent(approval.id)}/decision`, { decision }));
  return h("section", { class: "card stack tight" }, h("h2", {}, t("approval.title")), h("ul", { class: "timeline" }, approvals.map((approval) => h("li", {},
    h("div", {}, t("approval.line", { n: approval.revision, who: approval.requested_by ?? "", when: moment(approval.requested_at) }), " ", h("span", { class: "badge" }, word("approval", approval.state)), approval.decisions.map((one) => h("p", { class: "small" }, `${one.person_name}: ${word("approval", one.decision)} ${one.comment}`))),
    approval.state === "open" && approval.approvers.includes(me.id) ? h("div", { class: "row" }, h("button", { type: "button", class: "small primary", onclick: () => decide(approval, "approved") }, t("approval.approve")), h("button", { type: "button", class: "small", onclick: () => decide(approval, "declined") }, t("approval.decline"))) : null))));
}

function history(review) {
  if (!review.history.length) return h("p", { class: "muted" }, t("review.never"));
  return h("section", { class: "card stack tight" }, h("h2", {}, t("review.history")), h("ul", { class: "timeline" }, review.history.map((one) => h("li", {}, h("div", {}, h("strong", {}, t(`outcome.${one.outcome}`)), one.note ? h("p", {}, one.note) : null), h("span", { class: "small muted" }, `${one.person_name} · ${t("sop.revision", { n: one.revision })} · ${moment(one.at)}`)))));
}

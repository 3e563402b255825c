/** Where the review of one SOP stands: what is asked for, the outcomes, owner and rule, approvals, what was found before. */

import { explain, notice } from "./component.js";
import { fill, h } from "./dom.js";
import { date, moment } from "./format.js";
import { policyForm } from "./policy-form.js";
import { may } from "./shell.js";
import { reviewBadge } from "./state.js";
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
      answer.scrollIntoView({ block: "nearest" });
    }
  };
  const active = people.items.filter((person) => person.active);
  const author = may(me, "author");
  const asked = [review.owner_id, review.responsible_id].includes(me.id);
  return h("div", { class: "stack" }, answer, standing(review), todo(review, path),
    review.state !== "retired" && (author || asked) ? [outcomes({ api, path, active, act }), review.due ? snooze({ api, path, act }) : null] : null,
    author && review.state !== "retired" ? [owner({ api, path, review, active, act }), policyForm({ api, path, review, active, act })] : null,
    approvalList({ api, me, approvals: approvals.items, act }), history(review));
}

function standing(review) {
  const stands_in = review.responsible_id && review.responsible_id !== review.owner_id;
  return h("div", { class: "card row" }, reviewBadge(review.state), h("span", {}, review.due ? t("review.due", { date: date(review.due) }) : t("review.no-due")),
    h("span", { class: "muted" }, review.owner_name ? t("review.owned", { name: review.owner_name }) : t("review.no-owner")),
    stands_in ? h("span", { class: "muted" }, t("review.responsible", { name: review.responsible_name })) : null,
    review.snoozed_until ? h("span", { class: "muted" }, t("review.snoozed", { date: date(review.snoozed_until) })) : null);
}

function todo(review, path) {
  if (!review.todo) return null;
  const { what, note, person_name: who, since } = review.todo;
  const link = what === "record_again" ? h("a", { class: "button small", href: `/new?sop=${path.split("/").pop()}` }, t("sop.again")) : h("a", { class: "button small", href: `${path}/edit` }, t("sop.edit"));
  return notice("warn", h("div", {}, h("strong", {}, t(`todo.${what}`)), note ? h("p", {}, note) : null, h("p", { class: "small" }, `${t("todo.since", { who, when: date(since) })} ${t("todo.ends")}`)), link);
}

function outcomes({ api, path, active, act }) {
  const note = h("textarea", { id: "review-note", rows: 2, maxlength: 2000 });
  const person = h("select", { id: "review-person" }, active.map((one) => h("option", { value: one.id }, one.name)));
  const conclude = (outcome) => act(() => api.post(`${path}/reviews`, { outcome, note: note.value, hand_over_to: outcome === "hand_over" ? person.value : null }));
  return h("section", { class: "card stack tight" }, h("h2", {}, t("review.conclude")), h("div", { class: "field" }, h("label", { for: "review-note" }, t("review.note")), note),
    h("div", { class: "row" }, OUTCOMES.filter((outcome) => outcome !== "hand_over").map((outcome) => h("button", { type: "button", class: outcome === "still_right" ? "primary" : "", onclick: () => conclude(outcome) }, t(`outcome.${outcome}`)))),
    h("div", { class: "row" }, h("label", { for: "review-person" }, t("review.person")), h("div", {}, person), h("button", { type: "button", onclick: () => conclude("hand_over") }, t("outcome.hand_over"))));
}

function snooze({ api, path, act }) {
  const until = h("input", { id: "snooze", type: "date", required: true });
  const reason = h("input", { id: "snooze-reason", required: true, maxlength: 1000 });
  return h("form", { class: "card row", onsubmit: (event) => (event.preventDefault(), act(() => api.post(`${path}/snooze`, { until: until.value, reason: reason.value }))) }, field(until, "review.snooze"), field(reason, "review.reason"), h("button", {}, t("review.snooze.button")));
}

function owner({ api, path, review, active, act }) {
  const select = h("select", { id: "review-owner" }, h("option", { value: "" }, t("publish.owner.none")), active.map((one) => h("option", { value: one.id, selected: one.id === review.owner_id }, one.name)));
  return h("section", { class: "card row" }, field(select, "sop.owner"), h("button", { type: "button", onclick: () => act(() => api.put(`${path}/owner`, { owner: select.value || null })) }, t("action.save")));
}

function field(control, key) {
  return h("div", { class: "field" }, h("label", { for: control.id }, t(key)), control);
}

function approvalList({ api, me, approvals, act }) {
  if (!approvals.length) return null;
  const decide = (approval, decision) => act(() => api.post(`/approvals/${encodeURIComponent(approval.id)}/decision`, { decision }));
  const mine = (approval) => approval.state === "open" && approval.approvers.includes(me.id) && !approval.decisions.some((one) => one.person_id === me.id);
  const kind = { approved: "ok", declined: "danger", open: "warn" };
  return h("section", { class: "card stack tight" }, h("h2", {}, t("approval.title")), h("ul", { class: "timeline" }, approvals.map((approval) => h("li", {},
    h("div", {}, h("span", { class: `badge ${kind[approval.state] ?? ""}` }, word("approval", approval.state)), " ", t("approval.line", { n: approval.revision, who: approval.requested_by_name, when: moment(approval.requested_at) }),
      h("p", { class: "small muted" }, t("approval.who", { n: approval.needed, names: approval.approver_names.join(", ") }), " ", h("span", { class: "mono", title: approval.digest }, approval.digest.slice(0, 12))),
      approval.decisions.map((one) => h("p", { class: "small" }, `${one.person_name}: ${word("approval", one.decision)}${one.comment ? `, “${one.comment}”` : ""} · ${moment(one.at)}`))),
    mine(approval) ? h("div", { class: "row" }, h("button", { type: "button", class: "small primary", onclick: () => decide(approval, "approved") }, t("approval.approve")), h("button", { type: "button", class: "small", onclick: () => decide(approval, "declined") }, t("approval.decline"))) : null))));
}

function history(review) {
  if (!review.history.length) return h("p", { class: "muted" }, t("review.never"));
  return h("section", { class: "card stack tight" }, h("h2", {}, t("review.history")), h("ul", { class: "timeline" }, review.history.map((one) => h("li", {}, h("div", {}, h("strong", {}, t(`outcome.${one.outcome}`)), one.note ? h("p", {}, one.note) : null), h("span", { class: "small muted" }, `${one.person_name} · ${t("sop.revision", { n: one.revision })} · ${moment(one.at)}`)))));
}

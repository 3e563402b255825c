import { h } from "./dom.js";
import { date } from "./format.js";
import { t, word } from "./strings.js";

const REVIEW = { current: "ok", "due soon": "warn", due: "warn", overdue: "danger", "in review": "accent" };

/** Where an SOP stands: a review that is due wins over the rest, one that comes or goes on stands beside it. */
export function stateBadge(sop) {
  if (sop.status !== "retired" && ["overdue", "due"].includes(sop.review_state)) return h("span", { class: `badge ${sop.overdue ? "danger" : "warn"}`, title: date(sop.due) }, t(sop.overdue ? "status.overdue" : "status.due"));
  const kind = { published: "ok", approved: "accent", "in review": "warn" }[sop.status] ?? "";
  const status = h("span", { class: `badge ${kind}` }, word("status", sop.status));
  return sop.status !== "retired" && ["due soon", "in review"].includes(sop.review_state) ? [status, " ", reviewBadge(sop.review_state)] : status;
}

/** The state of a review alone. */
export function reviewBadge(state) {
  return h("span", { class: `badge ${REVIEW[state] ?? ""}` }, word("state", state));
}

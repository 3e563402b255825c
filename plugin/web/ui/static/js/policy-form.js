/** The review rule of an SOP, an area or the workspace: rhythm, lead time, when others hear of it, how critical, who reviews. Empty: as the wider rule says. */

import { h } from "./dom.js";
import { t } from "./strings.js";

const MONTHS = [1, 3, 6, 12];

export function policyForm({ api, path, review, active, act }) {
  const { own, policy } = review;
  const fields = policyFields({ own, wider: policy, active });
  return h("details", { class: "card" }, h("summary", {}, h("strong", {}, t("review.rules")), " ", h("span", { class: "muted small" }, spoken(policy))),
    h("form", { class: "stack tight", onsubmit: (event) => (event.preventDefault(), act(() => api.put(`${path}/policy`, fields.values()))) },
      fields.element, h("div", {}, h("button", {}, t("action.save")))));
}

/** Controls for the rule `own`, each naming what `wider` says; values() is the body that the API takes. */
export function policyFields({ own, wider, active }) {
  const rhythm = h("select", { id: "rhythm", onchange: () => adapt() },
    option("", t("policy.inherited", { what: spoken(wider) })), MONTHS.map((months) => option(`m${months}`, t(`policy.months.${months}`))),
    own.interval_months && !MONTHS.includes(own.interval_months) ? option(`m${own.interval_months}`, spoken({ interval_months: own.interval_months })) : null,
    option("days", t("policy.days")), option("fixed", t("policy.fixed")));
  const days = h("input", { id: "policy-days", type: "number", min: 1, max: 3660, value: own.interval_days ?? "" });
  const fixed = h("input", { id: "policy-fixed", value: (own.fixed ?? []).join(", "), placeholder: "03-31, 09-30", maxlength: 200 });
  rhythm.value = own.fixed?.length ? "fixed" : own.interval_months ? `m${own.interval_months}` : own.interval_days ? "days" : "";
  const lead = number("policy-lead", own.lead_days, wider.lead_days);
  const escalate = number("policy-escalate", own.escalate_days, wider.escalate_days);
  const criticality = h("select", { id: "criticality" }, option("", t("policy.inherited", { what: t(`criticality.${wider.criticality}`) })), ["low", "normal", "high"].map((value) => option(value, t(`criticality.${value}`))));
  criticality.value = own.criticality ?? "";
  const reviewer = person("policy-reviewer", own.reviewer_id, active, "policy.reviewer.owner");
  const fallback = person("policy-fallback", own.fallback_id, active, "policy.fallback.none");
  const daysField = field(days, "review.interval");
  const fixedField = field(fixed, "policy.fixed.dates");

  function adapt() {
    daysField.hidden = rhythm.value !== "days";
    days.required = rhythm.value === "days";
    fixedField.hidden = rhythm.value !== "fixed";
    fixed.required = rhythm.value === "fixed";
  }

  const given = (control) => (control.value === "" ? null : Number(control.value));
  const values = () => ({
    interval_days: rhythm.value === "days" ? given(days) : null,
    interval_months: rhythm.value.startsWith("m") ? Number(rhythm.value.slice(1)) : null,
    // An interval of its own ends the fixed days that a wider rule may have.
    fixed: rhythm.value === "fixed" ? fixed.value.split(/[\s,;]+/).filter(Boolean) : rhythm.value ? [] : null,
    lead_days: given(lead), escalate_days: given(escalate), criticality: criticality.value || null, reviewer_id: reviewer.value || null, fallback_id: fallback.value || null,
  });
  adapt();
  return { values, element: h("div", { class: "cards" }, field(rhythm, "policy.rhythm"), daysField, fixedField, field(lead, "policy.lead"), field(escalate, "policy.escalate"), field(criticality, "policy.criticality"), field(reviewer, "policy.reviewer"), field(fallback, "policy.fallback")) };
}

/** What holds where `own` is laid over `wider`. */
export function overlaid(own, wider) {
  const said = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== null));
  const timed = own.interval_days || own.interval_months ? { interval_days: null, interval_months: null } : {};
  return { ...wider, ...timed, ...said };
}

/** A rule in words: "Every 90 days". */
export function spoken(policy) {
  if (policy.fixed?.length) return t("policy.on", { days: policy.fixed.join(", ") });
  if (policy.interval_months) return MONTHS.includes(policy.interval_months) ? t(`policy.months.${policy.interval_months}`) : t("policy.every-months", { n: policy.interval_months });
  return t("publish.days", { n: policy.interval_days });
}

function option(value, text) {
  return h("option", { value }, text);
}

function number(id, own, inherited) {
  return h("input", { id, type: "number", min: 0, max: 365, value: own ?? "", placeholder: String(inherited ?? "") });
}

function person(id, chosen, active, none) {
  const select = h("select", { id }, option("", t(none)), active.map((one) => option(one.id, one.name)));
  select.value = chosen ?? "";
  return select;
}

function field(control, key) {
  return h("div", { class: "field" }, h("label", { for: control.id }, t(key)), control);
}

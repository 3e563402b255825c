/** What waits for me: approvals to give, reviews that are due, changes that a review asked for. */

import { explain, notice } from "../component.js";
import { fill, h, icon } from "../dom.js";
import { date, daysUntil } from "../format.js";
import { reminderForm } from "../reminder-form.js";
import { pageHead, start } from "../shell.js";
import { reviewBadge } from "../state.js";
import { t } from "../strings.js";

start(async ({ page, api, me }) => {
  const out = h("div", { class: "stack", "aria-live": "polite" });
  const settings = h("div", {});
  page.append(pageHead({ title: t("page.reviews") }), out, settings);

  async function load(said = null) {
    const [reviews, approvals] = await Promise.all([api.get("/reviews"), api.get("/approvals")]);
    const todos = reviews.items.filter((one) => one.todo);
    const due = reviews.items.filter((one) => !one.todo);
    fill(out, said,
      section("mine.approvals", approvals.items.map((one) => approval(one))),
      section("mine.due", due.map((one) => review(one))),
      section("mine.todos", todos.map((one) => todo(one))),
      approvals.items.length + reviews.items.length ? null : h("div", { class: "empty" }, h("h2", {}, t("mine.empty.title")), h("p", {}, t("mine.empty.text")), h("a", { class: "button", href: "/" }, t("error-page.home"))));
  }

  const act = async (work, done) => {
    try {
      await work();
      await load(notice("ok", t(done)));
    } catch (error) {
      out.prepend(notice("danger", explain(error)));
    }
  };

  const section = (key, items) => (items.length ? h("section", { class: "stack tight" }, h("h2", {}, `${t(key)} `, h("span", { class: "number muted" }, String(items.length))), h("ul", { class: "timeline card" }, items)) : null);
  const title = (id, text, tab) => h("a", { class: "strong", href: `/sops/${encodeURIComponent(id)}${tab}` }, text);

  function review(one) {
    const late = one.due ? -daysUntil(one.due) : 0;
    const line = [one.due ? t("review.due", { date: date(one.due) }) : null, late > 0 ? t("mine.late", { n: late }) : null, one.snoozed_until ? t("review.snoozed", { date: date(one.snoozed_until) }) : null];
    return h("li", {}, h("div", {}, title(one.sop_id, one.title, "#reviews"), " ", reviewBadge(one.state), h("p", { class: "small muted" }, line.filter(Boolean).join(" · "))),
      h("div", { class: "row" }, h("button", { type: "button", class: "small", onclick: () => act(() => api.post(`/sops/${encodeURIComponent(one.sop_id)}/reviews`, { outcome: "still_right" }), "link.done.still_right") }, icon("check"), t("outcome.still_right")), h("a", { class: "button small", href: `/sops/${encodeURIComponent(one.sop_id)}#reviews` }, t("mine.answer"))));
  }

  function todo(one) {
    const id = encodeURIComponent(one.sop_id);
    const way = one.todo.what === "record_again" ? h("a", { class: "button small", href: `/new?sop=${id}` }, icon("screen"), t("sop.again")) : h("a", { class: "button small", href: `/sops/${id}/edit` }, t("sop.edit"));
    return h("li", {}, h("div", {}, title(one.sop_id, one.title, "#reviews"), " ", h("span", { class: "badge warn" }, t(`todo.${one.todo.what}`)), one.todo.note ? h("p", {}, one.todo.note) : null, h("p", { class: "small muted" }, t("todo.since", { who: one.todo.person_name, when: date(one.todo.since) }))), h("div", { class: "row" }, way));
  }

  function approval(one) {
    const decide = (decision) => act(() => api.post(`/approvals/${encodeURIComponent(one.id)}/decision`, { decision }), `link.done.${decision}`);
    return h("li", {}, h("div", {}, title(one.sop_id, one.sop_title, ""), h("p", { class: "small muted" }, t("approval.line", { n: one.revision, who: one.requested_by_name, when: date(one.requested_at) }))),
      h("div", { class: "row" }, h("a", { class: "button small", href: `/sops/${encodeURIComponent(one.sop_id)}` }, t("link.read-first")), h("button", { type: "button", class: "small primary", onclick: () => decide("approved") }, t("approval.approve")), h("button", { type: "button", class: "small", onclick: () => decide("declined") }, t("approval.decline"))));
  }

  async function reminders(said = null) {
    const person = await api.get(`/people/${encodeURIComponent(me.id)}`);
    const save = async (values) => {
      try {
        await api.patch(`/people/${encodeURIComponent(me.id)}`, values);
        await reminders(notice("ok", t("action.saved")));
      } catch (error) {
        settings.querySelector("details").append(notice("danger", explain(error)));
      }
    };
    fill(settings, h("details", { class: "card", open: said !== null }, h("summary", {}, h("strong", {}, t("remind.title")), " ", h("span", { class: "muted small" }, t("remind.summary", { hour: `${String(person.digest_hour).padStart(2, "0")}:00`, zone: person.time_zone }))), said, reminderForm({ me: person, save })));
  }

  await Promise.all([load(), reminders()]);
});

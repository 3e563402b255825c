/** What is being made and what was, newest first. */

import { query } from "../api.js";
import { fill, h } from "../dom.js";
import { moment, percent } from "../format.js";
import { rich } from "../rich.js";
import { pageHead, start } from "../shell.js";
import { t, word } from "../strings.js";

const KINDS = { done: "ok", running: "accent", failed: "danger", parked: "danger", queued: "", cancelled: "" };

start(async ({ page, api }) => {
  const rows = h("ul", { class: "list" });
  const more = h("div", { class: "row" });
  const load = async (cursor) => {
    const answer = await api.get(`/jobs${query({ cursor })}`);
    rows.append(...answer.items.map(row));
    const next = answer.next_cursor ?? answer.cursor;
    fill(more, next ? h("button", { type: "button", onclick: () => load(next) }, t("library.more")) : null);
  };
  await load(null);
  page.append(pageHead({ title: t("page.jobs") }), rows.children.length ? rows : h("div", { class: "empty" }, h("h2", {}, t("jobs.empty.title")), h("p", {}, t("jobs.empty.text"))), more);
});

function row(job) {
  return h("li", {},
    h("a", { class: "title", href: `/jobs/${encodeURIComponent(job.id)}` }, job.subject ? rich(job.subject) : word("job.kind", job.kind)),
    h("span", { class: "cell number" }, moment(job.created_at)),
    h("span", { class: "cell" }, job.state === "running" ? `${word("stage", job.stage ?? "")} ${percent(job.fraction)}` : ""),
    h("span", { class: "cell state" }, h("span", { class: `badge ${KINDS[job.state]}` }, t(`job.state.${job.state}`))),
    h("span", { class: "about" }, [job.subject ? word("job.kind", job.kind) : "", job.error?.message ?? ""].filter(Boolean).join(" · ")));
}

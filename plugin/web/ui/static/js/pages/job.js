/** One job; when it is done, on to the SOP it made. */

import "../progress.js";
import { fill, h } from "../dom.js";
import { flat, rich } from "../rich.js";
import { pageHead, start } from "../shell.js";
import { t } from "../strings.js";

start(async ({ page, api, data }) => {
  const progress = h("sop-progress", { "job-id": data.jobId });
  progress.api = api;
  const next = h("div", { class: "row" });
  progress.addEventListener("job-finished", ({ detail }) => {
    if (!detail.sop_id) return;
    const address = `/sops/${encodeURIComponent(detail.sop_id)}`;
    next.replaceChildren(h("a", { class: "button primary", href: detail.kind === "process" ? `${address}/edit` : address }, t(detail.kind === "process" ? "job.correct" : "job.read")), h("a", { class: "button", href: address }, t("job.read")));
  });
  progress.addEventListener("job-named", ({ detail }) => {
    const title = page.querySelector("h1");
    if (title.dataset.subject === detail.subject) return;
    title.dataset.subject = detail.subject;
    fill(title, rich(detail.subject));
    document.title = `${flat(detail.subject)} · ${t("app.name")}`;
  });
  page.append(pageHead({ crumbs: [[t("nav.jobs"), "/jobs"]], title: t("page.job") }), progress, next);
});

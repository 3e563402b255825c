/** Record or bring a recording; afterwards on to its progress. */

import "../recorder.js";
import { h } from "../dom.js";
import { pageHead, start } from "../shell.js";
import { t } from "../strings.js";

start(async ({ page, api }) => {
  const wishes = new URLSearchParams(location.search);
  // A shortcut in a space or a wiki says where its SOPs go; publishing proposes it as long as this tab is open.
  if (wishes.get("target")) sessionStorage.setItem("sopwright:target", wishes.get("target"));
  const recorder = h("sop-recorder", { "sop-id": wishes.get("sop"), area: wishes.get("area") });
  recorder.api = api;
  let open = 0;
  recorder.addEventListener("recording-accepted", ({ detail }) => {
    // With several files at once the page stays, and each has its own link.
    if (recorder.transfers.children.length === 1 && !recorder.capture) location.assign(`/jobs/${encodeURIComponent(detail.job_id)}`);
    else page.append(h("p", {}, h("a", { href: `/jobs/${encodeURIComponent(detail.job_id)}` }, t("new.watch", { n: (open += 1) }))));
  });
  page.append(pageHead({ title: t(wishes.get("sop") ? "new.again" : "page.new") }), recorder);
}, { role: "author" });

import "../editor.js";
import { h } from "../dom.js";
import { pageHead, start } from "../shell.js";
import { t } from "../strings.js";

start(async ({ page, api, data }) => {
  const address = `/sops/${encodeURIComponent(data.sopId)}`;
  const sop = await api.get(address);
  /** A link away from here waits until everything has been saved. */
  const leave = (href, text, kind = "") => h("a", { slot: "actions", class: `button small ${kind}`, href, onclick: async (event) => {
    event.preventDefault();
    if (await editor.save()) location.assign(href);
  } }, text);
  const editor = h("sop-editor", { "sop-id": data.sopId }, leave(address, t("action.done")), leave(`${address}/publish`, t("sop.publish"), "primary"));
  editor.api = api;
  page.append(pageHead({ crumbs: [[t("nav.library"), "/"], [sop.document.title || t("sop.untitled"), address]], title: t("page.edit") }));
  if (sop.proposal_id) page.append(h("p", {}, h("a", { href: `${address}/compare?proposal=1` }, t("sop.proposal"))));
  page.append(editor);
}, { role: "author" });

import "../publish.js";
import { h } from "../dom.js";
import { pageHead, start } from "../shell.js";
import { t } from "../strings.js";

start(async ({ page, api, data }) => {
  const address = `/sops/${encodeURIComponent(data.sopId)}`;
  const sop = await api.get(address);
  const component = h("sop-publish", { "sop-id": data.sopId, target: sessionStorage.getItem("sopwright:target") });
  component.api = api;
  page.append(pageHead({ crumbs: [[t("nav.library"), "/"], [sop.document.title, address]], title: t("page.publish"), meta: [h("span", {}, t("sop.revision", { n: sop.revision }))], actions: [h("a", { class: "button", href: address }, t("action.back")), h("a", { class: "button", href: `${address}/edit` }, t("sop.edit"))] }), component);
}, { role: "author" });

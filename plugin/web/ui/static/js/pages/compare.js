/** Two revisions side by side, step by step; or what a new recording proposes, to be taken whole or in part. */

import { failed, notice } from "../component.js";
import { showDifference } from "../diff.js";
import { ask, fill, h } from "../dom.js";
import { moment } from "../format.js";
import { may, pageHead, start, toast } from "../shell.js";
import { t } from "../strings.js";

start(async ({ page, api, me, data }) => {
  const path = `/sops/${encodeURIComponent(data.sopId)}`;
  const wanted = new URLSearchParams(location.search);
  const sop = await api.get(path);
  const head = (title, actions) => pageHead({ crumbs: [[t("nav.library"), "/"], [sop.document.title, path]], title, actions });
  if (wanted.get("proposal")) return showProposal();

  const { items } = await api.get(`${path}/revisions`);
  const choose = (id, label, chosen) => h("div", { class: "field" }, h("label", { for: id }, t(label)), h("select", { id, onchange: () => load() }, items.map((revision) => h("option", { value: revision.number, selected: revision.number === chosen }, t("compare.option", { n: revision.number, who: revision.author_name, when: moment(revision.created_at) })))));
  const from = choose("from", "compare.from", Number(wanted.get("from")) || (items[1] ?? items[0]).number);
  const to = choose("to", "compare.to", Number(wanted.get("to")) || items[0].number);
  const out = h("div", { class: "stack", "aria-live": "polite" });
  const restore = h("div", { class: "row" });

  async function load() {
    const [old, now] = [from, to].map((field) => Number(field.querySelector("select").value));
    history.replaceState(null, "", `?from=${old}&to=${now}`);
    try {
      const difference = await api.get(`${path}/diff?from=${old}&to=${now}`);
      fill(out, difference.note ? h("p", {}, difference.note) : null, showDifference(difference));
    } catch (error) {
      failed(out, error, load);
    }
    fill(restore, may(me, "author") && old !== items[0].number ? h("button", { type: "button", onclick: () => bringBack(old) }, t("compare.restore", { n: old })) : null);
  }

  async function bringBack(number) {
    if (!(await ask(document.body, { title: t("compare.restore", { n: number }), text: t("compare.restore.text", { n: number }), yes: t("compare.restore.yes"), no: t("action.cancel") }))) return;
    try {
      await api.post(`${path}/restore`, { revision: number });
      location.assign(path);
    } catch (error) {
      toast("danger", error.message);
    }
  }

  async function showProposal() {
    const proposal = await api.get(`${path}/proposal`);
    const taken = new Set();
    const choice = (change) => {
      if (change.kind === "same") return null;
      taken.add(change.id);
      return h("label", { class: "choice" }, h("input", { type: "checkbox", checked: true, onchange: (event) => (event.target.checked ? taken.add(change.id) : taken.delete(change.id)) }), t("proposal.take"));
    };
    const decide = async (verb, body) => {
      try {
        await api.post(`${path}/proposals/${encodeURIComponent(proposal.id)}/${verb}`, body);
        location.assign(path);
      } catch (error) {
        toast("danger", error.message);
      }
    };
    const actions = may(me, "author") ? [h("button", { type: "button", onclick: () => decide("reject", {}) }, t("proposal.reject")), h("button", { type: "button", class: "primary", onclick: () => decide("accept", { only: [...taken] }) }, t("proposal.accept"))] : [];
    page.append(head(t("proposal.title"), actions), h("p", { class: "muted" }, t("proposal.text")), ...(proposal.kept.length ? [notice("info", t("proposal.kept", { n: proposal.kept.length }))] : []), showDifference(proposal.difference, choice));
  }

  page.append(head(t("page.compare"), []), h("div", { class: "row" }, from, to, restore), out);
  await load();
});

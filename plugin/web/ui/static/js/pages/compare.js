/** Two revisions side by side, step by step; or what a new recording proposes, to be taken whole or in part. */

import { explain, failed } from "../component.js";
import { showDifference, sides } from "../diff.js";
import { ask, fill, h } from "../dom.js";
import { moment } from "../format.js";
import { rich } from "../rich.js";
import { may, pageHead, start, toast } from "../shell.js";
import { t, word } from "../strings.js";

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
      fill(out, difference.note ? h("p", {}, difference.note) : null, showDifference(difference, undefined, { api, sopId: data.sopId }));
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
    const [proposal, places] = await Promise.all([api.get(`${path}/proposal`), api.get(`${path}/publications`)]);
    const taken = new Set();
    const recorded = new Set();
    const author = may(me, "author");
    const tick = (set, id, checked, label) => h("label", { class: "choice" }, h("input", { type: "checkbox", checked, onchange: (event) => (event.target.checked ? set.add(id) : set.delete(id)) }), label);
    const choice = (change) => {
      if (change.kind === "same" || !author) return null;
      taken.add(change.id);
      return tick(taken, change.id, true, t("proposal.take"));
    };
    const open = places.items.filter((one) => ["published", "pending", "rejected"].includes(one.state));
    const everywhere = h("input", { type: "checkbox", checked: open.length > 0 });
    const decide = async (verb, body) => {
      try {
        await api.post(`${path}/proposals/${encodeURIComponent(proposal.id)}/${verb}`, body);
        location.assign(path);
      } catch (error) {
        toast("danger", explain(error));
      }
    };
    const accept = () => decide("accept", { only: [...taken], recorded: [...recorded], everywhere: everywhere.checked && open.length > 0 });
    const differs = (edit) => JSON.stringify(edit.ours) !== JSON.stringify(edit.recorded);
    const edits = proposal.edits.filter((edit) => differs(edit) && edit.field !== "steps");
    const kept = edits.length ? h("section", { class: "stack tight" }, h("h2", {}, t("proposal.kept", { n: edits.length })), h("p", { class: "muted" }, t("proposal.kept.text")),
      h("div", { class: "diff" }, edits.map((edit) => h("section", { class: "change" },
        h("header", {}, h("span", { class: "badge" }, t("basis.edited")), h("h3", { class: "grow" }, edit.number ? rich(t("compare.step", { n: edit.number, action: edit.action })) : word("field", edit.field)), author ? tick(recorded, edit.path, false, t("proposal.recorded")) : null),
        edit.field === "image" ? h("p", {}, t("proposal.picture")) : [h("div", { class: "sides heads small muted" }, h("div", {}, t("proposal.ours")), h("div", {}, t("proposal.theirs"))), sides(edit.field, edit.ours, edit.recorded)])))) : null;
    page.append(head(t("proposal.title"), []), ...[h("p", { class: "lead-in" }, proposal.note), h("p", { class: "muted" }, t("proposal.text")), showDifference(proposal.difference, choice, { api, sopId: data.sopId }), kept,
      author ? h("div", { class: "card row decide" }, open.length ? h("label", { class: "choice grow" }, everywhere, t("proposal.everywhere", { where: open.map((one) => word("kind", one.kind)).join(", ") })) : h("span", { class: "grow" }), h("button", { type: "button", onclick: () => decide("reject", {}) }, t("proposal.reject")), h("button", { type: "button", class: "primary", onclick: accept }, t("proposal.accept"))) : null].filter(Boolean));
  }

  page.append(head(t("page.compare"), []), h("div", { class: "row bottom" }, from, to, restore), out);
  await load();
});

/**
 * <sop-publish api token sop-id> shows what is missing, how a target will show the page, and publishes it.
 * A host that knows where the page goes sets `connection`, `place`, `parent` and `place-name`; the person is then not asked for it.
 * `target` only proposes: `<id or kind of a connection>:<place>[:<parent>]`.
 * Event "sop-published" with the publication when the page stands there.
 */

import { newKey } from "./api.js";
import { Component, explain, failed, notice } from "./component.js";
import { fill, h, icon } from "./dom.js";
import { link } from "./publish-link.js";
import { showPreview } from "./preview.js";
import { t, word } from "./strings.js";

const INTERVALS_days = [30, 90, 180, 365];
const POLL_ms = 800;

class SopPublish extends Component {
  static sheets = ["ui.css", "sop.css", "publish.css"];

  async start() {
    this.sopId = this.getAttribute("sop-id");
    this.path = `/sops/${encodeURIComponent(this.sopId)}`;
    fill(this.root, h("div", { class: "skeleton" }));
    try {
      const [sop, checks, connections, people, publications, approvals] = await Promise.all(
        [this.path, `${this.path}/checklist`, "/connections", "/people", `${this.path}/publications`, `${this.path}/approvals`].map((path) => this.api.get(path)));
      Object.assign(this, { sop, checks: checks.items, connections: connections.items, people: people.items.filter((person) => person.active), publications: publications.items, approvals: approvals.items });
      this.build();
    } catch (error) {
      failed(this.root, error, () => this.start());
    }
  }

  build() {
    this.answer = h("div", { "aria-live": "polite" });
    this.previewBox = h("div", { class: "card preview-box" });
    this.root.classList.add("stack");
    fill(this.root, h("div", { class: "publish" }, h("div", { class: "stack" }, this.checklist(), this.connections.length ? this.formOf() : this.noConnection()), this.previews()));
    this.preview(this.connections[0]?.kind ?? "filesystem");
  }

  checklist() {
    const { checks } = this;
    const item = (check) => h("li", { class: check.blocking ? "danger" : "warn" }, icon("warn"), h("div", {}, check.message, " ", h("span", { class: "visually-hidden" }, t(check.blocking ? "publish.blocking" : "publish.advice")),
      h("a", { class: "small", href: `/sops/${encodeURIComponent(this.sopId)}/edit${check.step_id ? `#${encodeURIComponent(check.step_id)}` : ""}`, onclick: (event) => !this.emit("edit-wanted", check) && event.preventDefault() }, t("publish.correct"))));
    return h("section", { class: "card stack tight", "aria-labelledby": "checks" }, h("h2", { id: "checks" }, t("publish.checks")),
      checks.length ? h("ul", { class: "checks" }, [...checks].sort((a, b) => b.blocking - a.blocking).map(item)) : notice("ok", t("publish.nothing-missing")));
  }

  noConnection() {
    return h("div", { class: "empty card" }, h("h2", {}, t("publish.no-connection.title")), h("p", {}, t("publish.no-connection.text")), h("a", { class: "button", href: "/admin/connections" }, t("publish.no-connection.button")));
  }

  formOf() {
    const field = (key, control, hint) => h("div", { class: "field" }, h("label", { for: control.id }, t(key)), control, hint);
    this.connection = h("select", { id: "connection", onchange: () => this.connectionChosen() }, this.connections.map((one) => h("option", { value: one.id, disabled: one.state === "paused" }, `${one.name} (${word("kind", one.kind)})`)));
    this.place = h("input", { id: "place", maxlength: 500 });
    this.parent = h("input", { id: "parent", maxlength: 500 });
    this.owner = h("select", { id: "owner" }, h("option", { value: "" }, t("publish.owner.none")), this.people.map((person) => h("option", { value: person.id, selected: person.id === this.sop.summary.owner_id }, person.name)));
    const current = this.sop.document.review?.interval_days ?? 90;
    this.interval = h("select", { id: "interval" }, [...new Set([...INTERVALS_days, current])].sort((a, b) => a - b).map((days) => h("option", { value: days, selected: days === current }, word("interval", days) === String(days) ? t("publish.days", { n: days }) : t(`interval.${days}`))));
    this.button = h("button", { class: "primary" }, icon("upload"), t("publish.button"));
    // One intention, one key: a double click or a repeated request publishes once.
    this.key = newKey();
    const where = this.fixed ? h("p", {}, this.getAttribute("place-name") || this.getAttribute("place"))
      : [field("publish.target", this.connection), h("div", { class: "pair" }, field("publish.place", this.place, h("span", { class: "hint" }, t("publish.place.hint"))), field("publish.parent", this.parent))];
    const form = h("form", { class: "card stack", onsubmit: (event) => this.publish(event) }, h("h2", {}, t("publish.where")), where,
      h("div", { class: "pair" }, field("publish.owner", this.owner), field("publish.interval", this.interval)),
      this.answer, h("div", { class: "row" }, this.button, h("button", { type: "button", onclick: () => this.askApproval() }, t("publish.ask-approval")), this.approvalState()));
    const [which, place, parent] = (this.getAttribute("target") ?? "").split(":");
    const proposed = this.connections.find((one) => one.state !== "paused" && [one.id, one.kind].includes(which));
    if (proposed) this.connection.value = proposed.id;
    this.connectionChosen();
    if (proposed && !this.publications.some((one) => one.connection_id === proposed.id)) {
      if (place) this.place.value = place;
      if (parent) this.parent.value = parent;
    }
    return form;
  }

  approvalState() {
    const [newest] = this.approvals;
    return newest ? h("span", { class: `badge ${{ approved: "ok", open: "warn", declined: "danger" }[newest.state] ?? ""}` }, word("approval", newest.state)) : null;
  }

  get fixed() {
    return this.hasAttribute("connection");
  }

  connectionChosen() {
    if (this.fixed) this.connection.value = this.getAttribute("connection");
    const chosen = this.connections.find((one) => one.id === this.connection.value);
    const before = this.publications.find((one) => one.connection_id === chosen.id);
    this.place.value = this.getAttribute("place") ?? before?.place ?? chosen.default_place ?? "";
    this.parent.value = this.getAttribute("parent") ?? before?.parent ?? "";
    this.preview(chosen.kind);
  }

  async publish(event) {
    event.preventDefault();
    this.button.disabled = true;
    const wanted = { connection_id: this.connection.value, place: this.place.value.trim(), parent: this.parent.value.trim() || null, owner: this.owner.value || null, interval_days: Number(this.interval.value) };
    try {
      const publication = await this.api.post(`${this.path}/publications`, wanted, { key: this.key });
      this.key = newKey();
      await this.follow(publication);
    } catch (error) {
      // A refused request made nothing: the corrected one is a new intention.
      if (error.status) this.key = newKey();
      fill(this.answer, notice("danger", explain(error), error.fields?.length ? h("ul", {}, error.fields.map((one) => h("li", {}, `${one.field}: ${one.detail}`))) : null));
    }
    this.button.disabled = false;
  }

  /** The worker writes the page; here we wait for what came of it. */
  async follow(publication) {
    fill(this.answer, notice("info", t("publish.writing")));
    let now = publication;
    for (;;) {
      const job = now.job_id ? await this.api.get(`/jobs/${encodeURIComponent(now.job_id)}`).catch(() => null) : null;
      const waiting = ["queued", "running"].includes(job?.state);
      now = await this.api.get(`/publications/${encodeURIComponent(publication.id)}`);
      if (!waiting && job && !["done"].includes(job.state)) return this.refused(job.error?.message ?? t(`job.state.${job.state}`));
      if (!waiting && now.state !== "pending") break;
      await new Promise((resolve) => setTimeout(resolve, POLL_ms));
    }
    if (now.state === "conflict") return this.clash(now);
    if (now.state !== "published") return this.refused(now.message ?? word("publication", now.state));
    fill(this.answer, notice("ok", t("publish.done"), now.url ? link(now.url) : null));
    return this.emit("sop-published", now);
  }

  refused(message) {
    fill(this.answer, notice("danger", message));
  }

  /** Somebody edited the page at the target in the same place: a person chooses, block by block. */
  clash(publication) {
    const choices = Object.fromEntries(publication.clashes.map((clash) => [clash.key, "theirs"]));
    const choice = (clash, index, value, text) => h("label", { class: "choice" }, h("input", { type: "radio", name: `clash-${index}`, checked: value === "theirs", onchange: () => (choices[clash.key] = value) }), h("span", {}, h("strong", {}, t(`publish.clash.${value}`)), " ", text ?? t("publish.clash.removed")));
    fill(this.answer, h("div", { class: "stack tight" }, notice("warn", t("publish.clash")),
      publication.clashes.map((clash, index) => h("fieldset", { class: "card stack tight" }, h("legend", {}, clash.key), choice(clash, index, "theirs", clash.theirs), choice(clash, index, "ours", clash.ours))),
      h("button", { type: "button", class: "primary", onclick: async () => this.follow(await this.api.post(`/publications/${encodeURIComponent(publication.id)}/resolve`, { choices })) }, t("publish.clash.save"))));
  }

  async askApproval() {
    try {
      this.approvals = [await this.api.post(`${this.path}/approvals`)];
      fill(this.answer, notice("ok", t("publish.approval-asked")));
    } catch (error) {
      fill(this.answer, notice("danger", explain(error)));
    }
  }

  previews() {
    const kinds = this.fixed ? this.connections.filter((one) => one.id === this.getAttribute("connection")).map((one) => one.kind) : ["confluence", "notion", "filesystem"];
    this.tabs = h("div", { class: "tabs", role: "tablist", "aria-label": t("preview.label") }, kinds.map((kind) => h("button", { type: "button", role: "tab", id: `tab-${kind}`, "aria-controls": "preview", onclick: () => this.preview(kind), onkeydown: (event) => this.tabKey(event, kinds, kind) }, word("kind", kind))));
    this.previewBox.id = "preview";
    this.previewBox.setAttribute("role", "tabpanel");
    return h("section", { class: "stack tight" }, this.tabs, this.previewBox);
  }

  tabKey(event, kinds, kind) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = kinds[(kinds.indexOf(kind) + by + kinds.length) % kinds.length];
    this.preview(next);
    this.root.querySelector(`#tab-${next}`).focus();
  }

  async preview(kind) {
    if (!this.tabs) return;
    for (const tab of this.tabs.children) {
      const chosen = tab.id === `tab-${kind}`;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    this.previewBox.setAttribute("aria-labelledby", `tab-${kind}`);
    try {
      const page = await this.api.get(`${this.path}/preview/${kind}`);
      fill(this.previewBox, showPreview(page, kind, { api: this.api, sopId: this.sopId }));
    } catch (error) {
      fill(this.previewBox, notice("warn", explain(error)));
    }
  }
}

customElements.define("sop-publish", SopPublish);

/**
 * <sop-editor api token sop-id> corrects an SOP in place and saves by itself as draft revisions.
 * Event "sop-saved" {etag} whenever everything is on the server. `await element.save()` before leaving; true when nothing is open.
 */

import { Component, explain, failed, notice } from "./component.js";
import { ask, fill, h, icon, iconButton } from "./dom.js";
import { listControl, labelled, textControl } from "./editor/fields.js";
import { Journal } from "./editor/journal.js";
import { Model } from "./editor/model.js";
import { editPicture } from "./editor/picture.js";
import { Player } from "./editor/player.js";
import { Saver } from "./editor/saver.js";
import { stepCard } from "./editor/step-card.js";
import { rich } from "./rich.js";
import { grouped, ordered } from "./sections.js";
import { t } from "./strings.js";

const LISTS = {
  prerequisites: {}, tools: {}, warnings: {}, stakeholders: {},
  roles: { parts: ["role", "does"], make: () => ({ role: "", does: "" }) },
  troubleshooting: { parts: ["problem", "solution"], make: () => ({ problem: "", solution: "" }) },
  rollback: {}, escalation: { parts: ["when", "to"], make: () => ({ when: "", to: "" }) }, references: {}, findings: {},
};
/** These stand beside each other, the others below each other. */
const SMALL = new Set(["scope", "roles", "stakeholders", "prerequisites", "tools", "warnings"]);
const LOW = 0.6;

class SopEditor extends Component {
  static sheets = ["ui.css", "sop.css", "editor.css"];

  async start() {
    this.sopId = this.getAttribute("sop-id");
    this.journal = new Journal(this.sopId);
    this.opened = new Map();
    fill(this.root, h("div", { class: "skeleton" }), h("div", { class: "skeleton" }));
    try {
      const [{ data, etag }, areas] = await Promise.all([this.api.getWithTag(`/sops/${encodeURIComponent(this.sopId)}`), this.api.get("/templates").catch(() => ({ items: [] }))]);
      this.areas = areas.items.filter((area) => area.name && area.name !== "default");
      this.recordingId = data.recording_id;
      this.build(data.document, etag);
    } catch (error) {
      failed(this.root, error, () => this.start());
    }
  }

  build(document_, etag) {
    const kept = this.journal.read();
    const restored = kept && JSON.stringify(kept.document) !== JSON.stringify(document_);
    this.model = new Model(restored ? kept.document : document_);
    this.saver = new Saver({ api: this.api, sopId: this.sopId, model: this.model, journal: this.journal, host: this.root, etag: restored ? kept.etag : etag, base: restored ? kept.base : document_ });
    this.player = new Player({ api: this.api, recordingId: this.recordingId });
    this.said = h("div", { class: "stack tight", "aria-live": "polite" });
    this.head = h("div", { class: "stack" });
    this.steps = h("ol", { class: "steps", ondragover: (event) => this.dragOver(event), ondrop: (event) => this.dropped(event) });
    this.tail = h("div", { class: "stack" });
    this.outline = h("ol", { class: "outline" });
    fill(this.root, this.bar(), h("div", { class: "editor" },
      h("nav", { class: "side", "aria-label": t("editor.outline") }, this.sorter(), this.outline, this.player.element),
      h("div", { class: "sop" }, this.said, this.head, h("h2", {}, t("field.steps")), this.steps, h("div", {}, h("button", { type: "button", onclick: () => this.insertAfter(null) }, icon("add"), t("editor.insert"))), this.tail)),
      h("datalist", { id: "languages" }, ["bash", "sql", "powershell", "python", "yaml", "json", "text"].map((value) => h("option", { value }))));
    this.listen();
    this.render();
    if (restored) {
      this.say("info", t("editor.restored"), h("button", { type: "button", class: "small", onclick: () => this.model.replace(document_) }, t("editor.restored.discard")));
      this.saver.changed();
    }
  }

  listen() {
    this.model.addEventListener("change", ({ detail }) => (detail.structure ? this.render() : this.renderOutline()));
    this.saver.addEventListener("state", ({ detail }) => this.showState(detail));
    this.saver.addEventListener("merged", () => this.say("info", t("editor.merged")));
    this.root.addEventListener("keydown", (event) => this.keys(event));
    addEventListener("beforeunload", (event) => this.saver.dirty && this.saver.unsafe && event.preventDefault());
    document.addEventListener("visibilitychange", () => document.hidden && this.saver.save());
    const tabs = new BroadcastChannel(`sopwright:editor:${this.sopId}`);
    tabs.onmessage = ({ data }) => {
      if (data === "hello") tabs.postMessage("here");
      if (!this.twice) this.say("warn", t("editor.second-tab"));
      this.twice = true;
    };
    tabs.postMessage("hello");
  }

  /** Sends what is open; resolves true when all of it has arrived. */
  save() {
    return this.saver.save();
  }

  // ---- the frame ----

  bar() {
    this.state = h("span", { class: "badge ok", role: "status" }, t("editor.state.saved"));
    this.undoButton = iconButton("undo", t("editor.undo"), () => this.model.undo());
    this.redoButton = iconButton("redo", t("editor.redo"), () => this.model.redo());
    return h("div", { class: "editor-bar" }, this.undoButton, this.redoButton, this.state, h("span", { class: "grow" }),
      h("button", { type: "button", class: "small", onclick: () => this.nextUnsure() }, icon("warn"), this.unsure = h("span")), h("slot", { name: "actions" }));
  }

  sorter() {
    return h("select", { "aria-label": t("editor.sort"), onchange: (event) => {
      this.byConfidence = event.target.value === "confidence";
      this.renderOutline();
    } }, h("option", { value: "number" }, t("editor.sort.number")), h("option", { value: "confidence" }, t("editor.sort.confidence")));
  }

  showState({ state, error }) {
    const kinds = { saved: "ok", dirty: "", saving: "", offline: "warn", "signed-out": "warn", clash: "warn", refused: "danger", gone: "danger" };
    this.state.className = `badge ${kinds[state]}`;
    this.state.textContent = t(`editor.state.${state}`);
    if (state === "saved") this.emit("sop-saved", { etag: this.saver.etag });
    fill(this.trouble ??= this.said.appendChild(h("div")), error && state !== "clash" ? notice(state === "offline" ? "warn" : "danger", `${explain(error)} ${t("editor.kept")}`, h("button", { type: "button", class: "small", onclick: () => this.saver.save() }, t("action.again"))) : null);
  }

  say(kind, text, ...actions) {
    const box = notice(kind, text, ...actions, iconButton("close", t("action.close"), () => box.remove(), { class: "quiet icon-only small" }));
    this.said.append(box);
  }

  keys(event) {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === "z" && !event.shiftKey) this.handle(event, () => this.model.undo());
    else if (command && (event.key.toLowerCase() === "y" || (event.key.toLowerCase() === "z" && event.shiftKey))) this.handle(event, () => this.model.redo());
    else if (command && event.key.toLowerCase() === "s") this.handle(event, () => this.saver.save());
  }

  handle(event, act) {
    event.preventDefault();
    act();
  }

  // ---- what is shown ----

  /** Builds everything anew and puts the focus back where it was. */
  render() {
    const { path } = this.shadowRoot.activeElement?.dataset ?? {};
    const [start, end] = [this.shadowRoot.activeElement?.selectionStart, this.shadowRoot.activeElement?.selectionEnd];
    this.renderHead();
    fill(this.steps, this.model.document.steps.map((_, index) => stepCard(this, index)));
    const order = ordered(this.model.document.sections);
    fill(this.tail, this.sections(order.slice(order.indexOf("steps") + 1)));
    this.renderOutline();
    if (path) this.focus(path, start, end);
  }

  renderHead() {
    const area = h("select", { onchange: (event) => this.model.set(["area"], event.target.value || null) }, h("option", { value: "" }, t("editor.area.none")), this.areas.map(({ name, title }) => h("option", { value: name, selected: name === this.model.document.area }, title)));
    const order = ordered(this.model.document.sections);
    fill(this.head, this.textSection("title", { className: "title" }), labelled("area", area), this.sections(order.slice(0, order.indexOf("steps"))));
  }

  /** In the order of the template that shaped the document. */
  sections(names) {
    return grouped(names, (name) => SMALL.has(name)).map((group) => (SMALL.has(group[0]) ? h("div", { class: "two" }, group.map((name) => this.section(name))) : group.map((name) => this.section(name))));
  }

  section(name) {
    if (name === "purpose" || name === "summary") return this.textSection(name);
    if (name === "scope") return ["covers", "excludes"].map((part) => this.listSection(part, ["scope", part], {}));
    return this.listSection(name, [name], LISTS[name]);
  }

  textSection(name, options) {
    return labelled(name, textControl(this.model, [name], { nullable: name !== "title", label: t(`field.${name}`), ...options }));
  }

  listSection(name, path, options) {
    const list = listControl(this.model, path, { name, make: () => "", ...options, rebuild: (focus) => {
      this.render();
      this.focus([...focus, options.parts?.[0]].filter((part) => part !== undefined).join("/"));
    } });
    return h("div", { class: "line", data: { field: name } }, h("div", { class: "line-head" }, h("span", { class: "label" }, t(`field.${name}`))), list);
  }

  renderOutline() {
    const { steps } = this.model.document;
    const shown = this.byConfidence ? [...steps].sort((a, b) => a.confidence - b.confidence) : steps;
    fill(this.outline, shown.map((step) => h("li", {}, h("button", { type: "button", class: "quiet", onclick: () => this.goTo(step.id) }, h("span", { class: "number" }, String(step.number)), h("span", { class: "what" }, step.action ? rich(step.action) : t("editor.empty-step")), step.confidence < LOW ? h("span", { class: "badge warn", title: t("editor.confidence.hint") }, `${Math.round(100 * step.confidence)} %`) : null))));
    const unsure = steps.filter((step) => step.confidence < LOW).length;
    this.unsure.textContent = t("editor.unsure", { n: unsure });
    this.unsure.parentElement.hidden = !unsure;
    this.undoButton.disabled = !this.model.past.length;
    this.redoButton.disabled = !this.model.future.length;
  }

  rebuildStep(stepId, focus) {
    const index = this.model.index(stepId);
    this.steps.children[index]?.replaceWith(stepCard(this, index));
    const parts = { inputs: "name", commands: "text", troubleshooting: "problem", branches: "when" };
    if (focus) this.focus(focus.length === 4 && parts[focus[2]] ? [...focus, parts[focus[2]]].join("/") : focus.join("/"));
  }

  focus(path, start, end) {
    const control = this.root.querySelector(`[data-path="${CSS.escape(path)}"]`);
    control?.focus();
    if (start !== undefined && start !== null) control?.setSelectionRange?.(start, end);
  }

  goTo(stepId) {
    const card = this.root.querySelector(`[data-step="${CSS.escape(stepId)}"]`);
    card.scrollIntoView({ block: "start" });
    card.querySelector(".action").focus({ preventScroll: true });
  }

  /** The least certain step that was not visited in this round. */
  nextUnsure() {
    this.visited ??= new Set();
    const waiting = this.model.document.steps.filter((step) => step.confidence < LOW && !this.visited.has(step.id)).sort((a, b) => a.confidence - b.confidence);
    if (!waiting.length) this.visited.clear();
    const [next] = waiting.length ? waiting : this.model.document.steps.filter((step) => step.confidence < LOW);
    if (!next) return;
    this.visited.add(next.id);
    this.goTo(next.id);
  }

  // ---- verbs of a step ----

  open(stepId, name) {
    const set = this.opened.get(stepId) ?? new Set();
    set.add(name);
    this.opened.set(stepId, set);
    this.rebuildStep(stepId);
    const line = this.root.querySelector(`[data-step="${CSS.escape(stepId)}"] [data-field="${name}"]`);
    const list = line.querySelector(".list-field > button");
    if (list) list.click();
    else line.querySelector("textarea, input")?.focus();
  }

  move(stepId, by) {
    this.model.moveStep(stepId, this.model.index(stepId) + by);
    this.root.querySelector(`[data-handle="${CSS.escape(stepId)}"]`)?.focus();
  }

  moveByKey(event, stepId) {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (by) this.handle(event, () => this.move(stepId, by));
  }

  insertAfter(stepId) {
    const at = stepId === null ? this.model.document.steps.length : this.model.index(stepId) + 1;
    this.goTo(this.model.addStep(at));
  }

  async remove(stepId) {
    const step = this.model.document.steps[this.model.index(stepId)];
    this.model.deleteStep(stepId);
    const { steps } = this.model.document;
    if (steps.length) this.goTo(steps[Math.min(step.number - 1, steps.length - 1)].id);
    this.say("info", t("editor.deleted", { n: step.number }), h("button", { type: "button", class: "small", onclick: () => this.model.undo() }, t("editor.undo")));
  }

  merge(stepId) {
    this.model.mergeWithNext(stepId);
    this.goTo(stepId);
  }

  split(stepId, caret = -1) {
    const fresh = this.model.splitStep(stepId, caret);
    this.goTo(fresh);
  }

  play(start, end, step) {
    this.player.play(start, end, step.action);
  }

  async editPicture(stepId) {
    const step = this.model.document.steps[this.model.index(stepId)];
    const made = await editPicture({ host: this.root, api: this.api, sopId: this.sopId, recordingId: this.recordingId, step, duration_s: this.model.document.provenance?.duration });
    if (made) this.setPicture(stepId, { ...made, alt: step.image?.alt || made.alt || "" });
  }

  async removePicture(stepId) {
    if (await ask(this.root, { title: t("editor.picture.remove"), text: t("editor.picture.remove.text"), yes: t("editor.picture.remove"), no: t("action.cancel"), danger: true })) this.setPicture(stepId, null);
  }

  setPicture(stepId, picture) {
    this.model.set(["steps", this.model.index(stepId), "image"], picture);
    this.rebuildStep(stepId);
  }

  // ---- dragging ----

  dragStart(event, stepId) {
    this.dragged = stepId;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", stepId);
  }

  dragOver(event) {
    const over = event.target.closest?.("[data-step]");
    if (!this.dragged || !over) return;
    event.preventDefault();
    this.mark(over);
  }

  dropped(event) {
    const over = event.target.closest?.("[data-step]");
    if (!this.dragged || !over) return;
    event.preventDefault();
    this.model.moveStep(this.dragged, this.model.index(over.dataset.step));
    this.dragEnd();
  }

  mark(card) {
    for (const other of this.steps.children) other.classList.toggle("over", other === card);
  }

  dragEnd() {
    this.dragged = null;
    this.mark(null);
  }
}

customElements.define("sop-editor", SopEditor);

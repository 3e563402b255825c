/** The way from a recording to a page: record or choose, watch, correct, publish. At the page of an SOP: again from the start, or correct it. */

import { router, view } from "@forge/bridge";
import { explain, notice } from "./ui/js/component.js";
import { showDifference } from "./ui/js/diff.js";
import { fill, h } from "./ui/js/dom.js";
import { bytes } from "./ui/js/format.js";
import "./ui/js/editor.js";
import "./ui/js/progress.js";
import "./ui/js/publish.js";
import "./ui/js/recorder.js";
import { open, remote } from "./remote.js";
import { words } from "./words.js";

export async function dialog(page) {
  await new Way(page, await open()).begin();
}

export class Way {
  constructor(page, here) {
    Object.assign(this, { page, here });
    this.api = here.service_api;
    this.said = h("div", { "aria-live": "polite" });
    this.stage = h("div", { class: "stack" });
    this.path = h("ol", { class: "path" }, words.steps.map((word) => h("li", {}, word)));
    const { sop, place_name, page: under } = here;
    const head = h("div", { class: "head" }, h("div", {}, h("h1", {}, sop ? words.titleAgain : words.title), h("p", {}, sop ? sop.title : words.where(place_name, under?.title))), this.path);
    fill(page, head, this.said, this.stage);
  }

  async begin() {
    const { sop, may } = this.here;
    if (sop && may !== "edit") return this.show(0, notice("info", words.read));
    if (!sop) return this.record();
    const choice = (title, text, action, kind) => h("div", { class: "card stack tight" }, h("h2", {}, title), h("p", { class: "muted" }, text), h("div", {}, h("button", { type: "button", class: kind, onclick: action }, title)));
    return this.show(0, choice(words.again, words.againText, () => this.record(sop.sop_id), "primary"), choice(words.correct, words.correctText, () => this.edit(sop.sop_id), ""));
  }

  /** Shows one part of the way; `at` is its number. */
  show(at, ...parts) {
    [...this.path.children].forEach((item, index) => (index === at ? item.setAttribute("aria-current", "step") : item.removeAttribute("aria-current")));
    fill(this.said);
    fill(this.stage, parts);
  }

  async tried(work) {
    try {
      await work();
    } catch (error) {
      fill(this.said, notice("danger", error.problem ? explain(error) : error.message));
    }
  }

  component(name, attributes, ...children) {
    const element = h(name, attributes, ...children);
    element.api = this.api;
    return element;
  }

  // ---- record ----

  record(sopId = null) {
    const recorder = this.component("sop-recorder", { "sop-id": sopId });
    recorder.addEventListener("recording-accepted", ({ detail }) => this.watch(detail.job_id));
    const videos = h("div", {});
    this.show(0, recorder, videos);
    if (this.here.page) this.tried(() => this.offerVideos(videos, recorder));
  }

  async offerVideos(box, recorder) {
    const { videos } = await remote("videos");
    if (!videos.length) return;
    const use = (video, button) => this.tried(async () => {
      button.disabled = true;
      const { title, language, area } = recorder.form.values;
      const { job_id } = await remote("fetch", { attachment_id: video.id, ...filled({ title, language, area }) }).finally(() => (button.disabled = false));
      this.watch(job_id);
    });
    fill(box, h("section", { class: "card stack tight", "aria-labelledby": "videos" }, h("h2", { id: "videos" }, words.videos), h("ul", { class: "videos" }, videos.map((video) => h("li", {},
      h("span", { class: "name" }, video.name), h("span", { class: "muted small number grow" }, video.size_bytes === null ? "" : bytes(video.size_bytes)),
      h("button", { type: "button", onclick: (event) => use(video, event.currentTarget) }, words.useVideo))))));
  }

  // ---- watch ----

  watch(jobId) {
    const progress = this.component("sop-progress", { "job-id": jobId });
    progress.addEventListener("job-finished", ({ detail }) => this.tried(() => this.made(detail)));
    this.show(1, progress);
  }

  /** A fetched video is worked on by a job of its own; an SOP that stood there before gets a proposal. */
  async made(job) {
    if (job.kind === "fetch") {
      const recording = await this.api.get(`/recordings/${encodeURIComponent(job.recording_id)}`);
      return this.watch(recording.job_id);
    }
    if (!job.sop_id) return fill(this.said, notice("warn", words.nothingNew));
    await this.here.aim({ sop_id: job.sop_id });
    return job.proposal_id || this.here.sop ? this.propose(job.sop_id) : this.edit(job.sop_id);
  }

  async propose(sopId) {
    const path = `/sops/${encodeURIComponent(sopId)}`;
    const proposal = await this.api.get(`${path}/proposal`).catch((error) => (error.status === 404 ? null : Promise.reject(error)));
    if (!proposal) return this.edit(sopId, notice("info", words.nothingNew));
    const taken = new Set();
    const tick = (change) => {
      if (change.kind === "same") return null;
      taken.add(change.id);
      return h("label", { class: "choice" }, h("input", { type: "checkbox", checked: true, onchange: (event) => (event.target.checked ? taken.add(change.id) : taken.delete(change.id)) }), words.take);
    };
    const decide = (verb, body) => this.tried(async () => {
      await this.api.post(`${path}/proposals/${encodeURIComponent(proposal.id)}/${verb}`, body);
      await this.edit(sopId);
    });
    return this.show(2, h("h2", {}, words.proposal), proposal.kept.length ? notice("info", words.kept(proposal.kept.length)) : null, showDifference(proposal.difference, tick),
      h("div", { class: "row end" }, h("button", { type: "button", onclick: () => decide("reject", {}) }, words.reject), h("button", { type: "button", class: "primary", onclick: () => decide("accept", { only: [...taken] }) }, words.accept)));
  }

  // ---- correct and publish ----

  edit(sopId, before = null) {
    const on = h("button", { type: "button", slot: "actions", class: "small primary", onclick: () => this.tried(async () => (await editor.save()) && this.publish(sopId)) }, words.toPublish);
    const editor = this.component("sop-editor", { "sop-id": sopId }, on);
    this.show(2, before, editor);
  }

  publish(sopId) {
    const { place } = this.here;
    const component = this.component("sop-publish", { "sop-id": sopId, connection: place.connection_id, place: place.place, parent: place.parent, "place-name": this.here.place_name });
    component.addEventListener("edit-wanted", (event) => {
      event.preventDefault();
      this.edit(sopId);
    });
    component.addEventListener("sop-published", ({ detail }) => this.tried(() => this.done(sopId, detail)));
    this.show(3, component, h("div", {}, h("button", { type: "button", onclick: () => this.edit(sopId) }, words.back)));
  }

  /** From now on the page itself says who may change it, so the ticket becomes one for it. */
  async done(sopId, publication) {
    await this.here.aim({ sop_id: sopId });
    this.show(3, notice("ok", words.published), h("div", { class: "row" },
      publication.url ? h("button", { type: "button", class: "primary", onclick: () => router.open(publication.url) }, words.openPage) : null,
      h("button", { type: "button", onclick: () => this.edit(sopId) }, words.correct), h("button", { type: "button", onclick: () => view.close() }, words.close)));
  }
}

function filled(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value));
}

/**
 * <sop-progress api token job-id> shows a recording becoming an SOP: the seven stages, the time left, the first steps as they are understood.
 * Event "job-finished" with the job when it is done. Leaving and coming back changes nothing: the server works on.
 */

import { Component, explain, notice } from "./component.js";
import { ask, fill, h, icon } from "./dom.js";
import { clock, percent } from "./format.js";
import { rich } from "./rich.js";
import { listen } from "./sse.js";
import { t, word } from "./strings.js";

const POLL_ms = 1500;
const ENDED = ["done", "failed", "parked", "cancelled"];

class SopProgress extends Component {
  static sheets = ["ui.css", "progress.css"];

  start() {
    this.root.classList.add("stack");
    this.path = `/jobs/${encodeURIComponent(this.getAttribute("job-id"))}`;
    this.headline = h("h2", {}, t("progress.loading"));
    this.left = h("p", { class: "muted number" });
    this.bar = h("progress", { max: 1, "aria-label": t("progress.label") });
    this.stages = h("ol", { class: "stages" });
    this.steps = h("ol", { class: "found" });
    this.provisional = h("span", { class: "badge warn" }, t("progress.provisional"));
    this.stepsHead = h("h3", { class: "row", hidden: true }, t("progress.steps"), this.provisional);
    this.answer = h("div", { class: "stack tight", "aria-live": "polite" });
    this.actions = h("div", { class: "row" });
    this.root.append(h("div", { class: "card stack" }, h("div", { class: "row between" }, h("div", {}, this.headline, this.left), this.actions), this.bar, this.stages, this.answer), this.stepsHead, this.steps);
    this.follow();
  }

  disconnectedCallback() {
    this.abort?.abort();
  }

  /** Streams where the way allows it; else asks again and again. Ends with the job. */
  async follow() {
    this.abort = new AbortController();
    const { signal } = this.abort;
    while (!signal.aborted) {
      try {
        this.show(await this.api.get(this.path, { signal }));
        if (this.ended) return;
        await listen(this.api, `${this.path}/events`, (name, job) => job?.state && this.show(job), signal);
        if (this.ended) return;
      } catch (error) {
        if (error.name === "AbortError") return;
        if (error.status >= 400 && error.status < 500 && error.status !== 429) {
          fill(this.answer, notice("danger", explain(error)));
          return;
        }
        this.left.textContent = explain(error);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_ms));
    }
  }

  get ended() {
    return ENDED.includes(this.job?.state);
  }

  show(job) {
    const before = this.job?.state;
    this.job = job;
    this.headline.textContent = t(`progress.state.${job.state}`);
    this.bar.value = job.state === "done" ? 1 : job.fraction ?? 0;
    this.bar.hidden = ["failed", "parked", "cancelled"].includes(job.state);
    this.left.textContent = job.state === "running" ? [percent(job.fraction), job.seconds_left === null || job.seconds_left === undefined ? "" : t("progress.left", { time: clock(job.seconds_left) })].filter(Boolean).join(" · ") : t(`progress.hint.${job.state}`);
    this.showStages(job);
    this.showSteps(job.steps ?? [], job.provisional);
    if (before !== job.state) this.showEnd(job);
    if (job.subject) this.emit("job-named", { subject: job.subject });
  }

  showStages(job) {
    const stages = Array.isArray(job.stages) ? Object.fromEntries(job.stages.map((stage) => [stage.name ?? stage, stage.fraction ?? 0])) : job.stages ?? {};
    fill(this.stages, Object.entries(stages).map(([name, fraction]) => {
      const state = job.state === "done" || fraction >= 1 ? "done" : name === job.stage && job.state === "running" ? "now" : "";
      return h("li", { class: state, "aria-current": state === "now" ? "step" : null }, state === "done" ? icon("check") : null,
        h("span", {}, word("stage", name)), state === "now" ? h("span", { class: "number" }, percent(fraction)) : h("span", { class: "visually-hidden" }, state === "done" ? t("progress.stage.done") : t("progress.stage.waiting")));
    }));
  }

  /** Only new ones are added, so that a screen reader and the eye see them appear. Provisional ones are marked: what is seen later may word them anew. */
  showSteps(steps, provisional) {
    this.stepsHead.hidden = !steps.length;
    this.provisional.hidden = !provisional;
    this.steps.classList.toggle("provisional", Boolean(provisional));
    while (this.steps.children.length > steps.length) this.steps.lastChild.remove();
    steps.forEach((step, index) => {
      const text = step.action ?? step;
      const item = this.steps.children[index] ?? this.steps.appendChild(h("li"));
      if (item.dataset.text === text) return;
      item.dataset.text = text;
      fill(item, h("span", {}, rich(text)));
    });
  }

  showEnd(job) {
    const open = ["queued", "running"].includes(job.state);
    fill(this.actions, open ? h("button", { type: "button", onclick: () => this.cancel() }, t("progress.cancel")) : null,
      ["failed", "parked", "cancelled"].includes(job.state) ? h("button", { type: "button", class: "primary", onclick: () => this.act("retry") }, t("progress.retry")) : null);
    fill(this.answer, job.error && job.state !== "done" ? notice("danger", job.error.message ?? String(job.error)) : null, (job.notices ?? []).map((text) => notice("warn", text)));
    if (job.state === "done") this.emit("job-finished", job);
  }

  async cancel() {
    if (await ask(this.root, { title: t("progress.cancel.title"), text: t("progress.cancel.text"), yes: t("progress.cancel"), no: t("progress.go-on"), danger: true })) this.act("cancel");
  }

  async act(verb) {
    try {
      this.show(await this.api.post(`${this.path}/${verb}`));
      this.abort.abort();
      this.follow();
    } catch (error) {
      fill(this.answer, notice("danger", explain(error)));
    }
  }
}

customElements.define("sop-progress", SopProgress);

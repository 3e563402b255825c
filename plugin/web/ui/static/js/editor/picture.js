/** Choosing another frame of the recording for a step, moving its highlight, covering what nobody should see. */

import { explain, notice } from "../component.js";
import { ask, fill, h, icon, iconButton, openDialog } from "../dom.js";
import { clock } from "../format.js";
import { pictureAddress } from "../reader.js";
import { t } from "../strings.js";
import { Boxes } from "./boxes.js";

const AROUND_s = [-4, -2, -1, -0.5, 0, 0.5, 1, 2, 4];

/** Resolves with the new Picture of the API, or null. */
export function editPicture({ host, api, sopId, recordingId, step, duration_s }) {
  return openDialog(host, { title: t("picture.title", { n: step.number }), className: "wide picture", build: (close, dialog) => new PictureDialog({ host: dialog, api, sopId, recordingId, step, duration_s, close }).parts });
}

class PictureDialog {
  constructor(options) {
    Object.assign(this, options);
    const { image, evidence } = this.step;
    this.time = image?.time ?? evidence?.shown?.[1] ?? evidence?.end ?? 0;
    this.uncovered = [];
    this.image = h("img", { alt: t("picture.frame") });
    this.answer = h("div", { "aria-live": "polite" });
    const boxes = [...(image?.highlight ? [{ kind: "highlight", box: image.highlight }] : []), ...(image?.redactions ?? []).map((box) => ({ kind: "redaction", box }))];
    this.boxes = new Boxes({ boxes, onChange: () => this.list(), mayRemove: (entry) => this.mayRemove(entry) });
    this.entries = h("ul", { class: "box-list" });
    this.strip = h("div", { class: "strip", role: "group", "aria-label": t("picture.strip") });
    this.slider = h("input", { type: "range", min: 0, max: Math.max(this.duration_s ?? 0, this.time + 5), step: 0.1, value: this.time, "aria-label": t("picture.time"), oninput: () => this.later(), onchange: () => this.show(Number(this.slider.value)) });
    this.at = h("output", { class: "number" }, clock(this.time));
    this.save = h("button", { type: "button", class: "primary", onclick: () => this.cut() }, t("picture.save"));
    this.list();
    // Until the frame of the recording is there, the present picture stands for it.
    const present = image ? this.api.show(this.image, pictureAddress(this.sopId, image)).catch(() => {}) : Promise.resolve();
    present.then(() => this.show(this.time));
  }

  get parts() {
    const tool = (kind, label) => h("button", { type: "button", class: "small", onclick: (event) => (event.detail === 0 ? this.boxes.add(kind) : this.boxes.draw(kind)) }, icon(kind === "highlight" ? "crop" : "add"), t(label));
    return [
      h("p", { class: "muted small" }, t("picture.help")),
      h("div", { class: "canvas" }, this.image, this.boxes.layer),
      h("div", { class: "row" }, tool("highlight", "picture.highlight"), tool("redaction", "picture.redaction"), h("div", { class: "row time" }, this.at, this.slider)),
      this.strip, this.entries, this.answer,
      h("div", { class: "row end" }, h("button", { type: "button", onclick: () => this.close(null) }, t("action.cancel")), this.save),
    ];
  }

  framePath(time) {
    return `/recordings/${encodeURIComponent(this.recordingId)}/frame?t=${time.toFixed(2)}`;
  }

  later() {
    this.at.textContent = clock(Number(this.slider.value));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.show(Number(this.slider.value)), 350);
  }

  async show(time) {
    clearTimeout(this.timer);
    this.time = time;
    this.at.textContent = clock(time);
    this.slider.value = time;
    const times = [...new Set(AROUND_s.map((offset) => Math.max(0, time + offset)))].filter((one) => !this.duration_s || one <= this.duration_s);
    const thumbs = times.map(() => h("img", { alt: "" }));
    fill(this.strip, times.map((one, at) => h("button", { type: "button", "aria-pressed": one === time ? "true" : "false", "aria-label": t("picture.at", { time: one.toFixed(1) }), onclick: () => this.show(one) }, thumbs[at], h("span", { class: "number" }, `${one.toFixed(1)} s`))));
    fill(this.answer);
    this.image.ariaBusy = "true";
    await this.load(this.image, time).catch((error) => fill(this.answer, notice("danger", error.status === undefined ? t("picture.unreadable") : explain(error), h("button", { type: "button", class: "small", onclick: () => this.show(time) }, t("action.again")))));
    if (this.time === time) this.image.ariaBusy = null;
    // Every frame costs the server a decoder: the nearest first, one after the other, and none for a place that was left again.
    for (const at of times.keys()) if (this.time === time && thumbs[at].isConnected && !this.save.disabled) await this.load(thumbs[at], times[at]).catch(() => thumbs[at].classList.add("missing"));
  }

  /** Resolves when the frame is shown. */
  async load(image, time) {
    const arrived = new Promise((resolve, reject) => Object.assign(image, { onload: resolve, onerror: () => reject(new Error("frame")) }));
    await Promise.all([this.api.show(image, this.framePath(time)), arrived]);
  }

  list() {
    fill(this.entries ?? h("ul"), this.boxes?.boxes.map((entry) => h("li", { class: "row" }, h("span", { class: `badge ${entry.kind === "redaction" ? "danger" : "accent"}` }, t(`picture.${entry.kind}.label`)), iconButton("trash", t(`picture.${entry.kind}.remove`), () => this.boxes.remove(entry), { class: "quiet icon-only small" }))) ?? []);
  }

  /** What was covered may be a secret: uncovering it asks, and the service logs who did it. */
  mayRemove(entry) {
    if (entry.kind !== "redaction" || entry.fresh) return true;
    return ask(this.host, { title: t("picture.uncover.title"), text: t("picture.uncover.text"), yes: t("picture.uncover.yes"), no: t("picture.uncover.no"), danger: true }).then((yes) => {
      if (yes) this.uncovered.push(entry.box);
      return yes;
    });
  }

  async cut() {
    this.save.disabled = true;
    const of = (kind) => this.boxes.boxes.filter((entry) => entry.kind === kind).map((entry) => entry.box.map((value) => Math.max(0, Math.min(1, Number(value.toFixed(5))))));
    try {
      this.close(await this.api.post(`/sops/${encodeURIComponent(this.sopId)}/images`, { time: Number(this.time.toFixed(2)), highlight: of("highlight")[0] ?? null, redactions: of("redaction"), uncovered: this.uncovered }));
    } catch (error) {
      fill(this.answer, notice("danger", explain(error)));
      this.save.disabled = false;
    }
  }
}

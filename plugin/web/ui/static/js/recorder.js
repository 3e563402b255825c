/**
 * <sop-recorder api token sop-id area> records the screen and the voice, or takes files, and sends them while they grow.
 * Event "recording-accepted" {job_id, recording_id, sop_id} when the service has all of it; a page goes on to <sop-progress>.
 */

import { newKey } from "./api.js";
import { Component, explain, notice } from "./component.js";
import { ask, fill, h, icon } from "./dom.js";
import { bytes, clock } from "./format.js";
import { Capture, refusal, refusalOf } from "./recorder/capture.js";
import { ChunkStore } from "./recorder/chunk-store.js";
import { sorted } from "./recorder/companions.js";
import { canFloat, float } from "./recorder/floating.js";
import { form } from "./recorder/form.js";
import { Marks, eventsFile } from "./recorder/marks.js";
import { Transfer, resumeAddress } from "./recorder/transfer.js";
import { fileSource } from "./recorder/tus.js";
import { t } from "./strings.js";

const COUNTDOWN_s = 3;

/** What goes along with a recording of our own: the marks that were set by its end. */
const besideOf = (store) => () => {
  const blob = eventsFile(store.row.events);
  return blob ? [{ kind: "events", blob }] : [];
};

class SopRecorder extends Component {
  static sheets = ["ui.css", "recorder.css"];

  start() {
    this.said = h("div", { "aria-live": "polite" });
    this.stage = h("div", { class: "stack" });
    this.transfers = h("div", { class: "stack" });
    this.root.classList.add("stack");
    this.root.append(this.said, this.stage, this.transfers);
    this.form = form(this);
    this.showChoice();
    this.offerUnfinished();
    addEventListener("beforeunload", (event) => this.capture && event.preventDefault());
  }

  // ---- choosing ----

  showChoice() {
    const refused = refusal();
    const file = h("input", { type: "file", id: "file", class: "visually-hidden", multiple: true, accept: "video/*,audio/*,.mkv,.webm,.mov,.cast,.srt,.vtt,.jsonl", onchange: () => this.takeFiles(file.files) });
    const drop = h("div", { class: "drop", ondragover: (event) => { event.preventDefault(); drop.classList.add("over"); }, ondragleave: () => drop.classList.remove("over"), ondrop: (event) => this.drop(event, drop) },
      icon("upload"), h("h2", {}, t("recorder.file.title")), h("p", { class: "muted" }, t("recorder.file.text")), file, h("label", { for: "file", class: "button" }, t("recorder.file.button")));
    const record = h("div", { class: "drop solid" },
      icon("screen"), h("h2", {}, t("recorder.record.title")), h("p", { class: "muted" }, refused ? t(refused) : t("recorder.record.text")),
      h("button", { type: "button", class: "primary", id: "record", disabled: Boolean(refused), onclick: () => this.prepare() }, t("recorder.record.button")),
      h("label", { class: "choice small" }, this.voice ??= h("input", { type: "checkbox", checked: true }), t("recorder.record.voice")));
    fill(this.stage, h("div", { class: "ways" }, record, drop), this.form.element);
  }

  async drop(event, drop) {
    event.preventDefault();
    drop.classList.remove("over");
    this.takeFiles(event.dataTransfer.files);
  }

  takeFiles(files) {
    const { recordings, lonely } = sorted([...files]);
    if (lonely.length) fill(this.said, notice("warn", t("recorder.file.lonely", { name: lonely.join(", ") })));
    for (const { file, beside } of recordings) {
      if (!file.size) fill(this.said, notice("warn", t("recorder.file.empty", { name: file.name })));
      else this.send(fileSource(file), { name: [file, ...beside.map(({ blob }) => blob)].map(({ name }) => name).join(" + "), beside: () => [...beside], metadata: { filename: file.name, filetype: file.type, ...this.form.values }, fingerprint: `${file.name}:${file.size}:${file.lastModified}` });
    }
  }

  // ---- recording ----

  async prepare() {
    fill(this.said);
    this.capture = new Capture({ onChunk: (blob, seconds) => this.keep(blob, seconds), onEnd: () => this.finish() });
    try {
      await this.capture.openScreen();
    } catch (error) {
      return this.refuse(error, "screen");
    }
    if (this.voice.checked) {
      try {
        await this.capture.openMicrophone();
      } catch (error) {
        const silent = await ask(this.root, { title: t("recorder.silent.title"), text: t(refusalOf(error, "microphone")), yes: t("recorder.silent.yes"), no: t("action.cancel") });
        if (!silent) return this.refuse(error, "microphone");
      }
    }
    return this.countdown();
  }

  refuse(error, what) {
    this.capture.close();
    this.capture = null;
    fill(this.said, notice("warn", t(refusalOf(error, what))));
  }

  async countdown() {
    const number = h("div", { class: "count number", role: "timer" });
    const skip = h("button", { type: "button", onclick: () => this.skip() }, t("recorder.countdown.skip"));
    fill(this.stage, h("div", { class: "studio" }, number, h("p", {}, t("recorder.countdown.text")), skip));
    skip.focus();
    const skipped = new Promise((resolve) => (this.skip = resolve));
    for (let left = COUNTDOWN_s; left > 0; left -= 1) {
      number.textContent = String(left);
      if (await Promise.race([skipped.then(() => true), new Promise((resolve) => setTimeout(resolve, 1000))])) break;
    }
    if (this.capture) await this.record();
  }

  async record() {
    const filename = `${t("recorder.name")} ${new Date().toISOString().slice(0, 16).replace(":", ".")}.${Capture.mediaType === "video/mp4" ? "mp4" : "webm"}`;
    this.store = await ChunkStore.create({ id: newKey(), owner: this.api.url(""), started_at: Date.now(), metadata: { filename, filetype: Capture.mediaType, ...this.form.values }, events: [] });
    this.marks = new Marks({ events: this.store.row.events, changed: () => this.store.save(), now: () => this.capture?.seconds ?? this.store.row.seconds });
    this.capture.begin();
    this.showStudio();
    this.transfer = this.send(this.store, { name: filename, metadata: this.store.row.metadata, store: this.store, live: true, beside: besideOf(this.store) });
  }

  /** A chunk goes to the disk first and is sent from there. A full disk keeps recording as long as the server takes what came before. */
  async keep(blob, seconds) {
    try {
      await this.store.append(blob, seconds);
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      await this.store.release(this.transfer?.upload.offset ?? 0);
      await this.store.append(blob, seconds).catch(() => {
        this.finish();
        fill(this.said, notice("danger", t("recorder.disk-full")));
      });
    }
    this.transfer?.upload.more();
  }

  showStudio() {
    const time = h("output", { class: "clock number", "aria-label": t("recorder.time") }, "0:00");
    const level = h("meter", { class: "level", min: 0, max: 1, low: 0.15, high: 0.9, optimum: 0.5, value: 0, "aria-label": t("recorder.level") });
    const quiet = h("p", { class: "small", hidden: true }, t("recorder.quiet"));
    const state = h("span", { class: "live" }, t("recorder.live"));
    const pause = h("button", { type: "button", "aria-pressed": "false", onclick: () => {
      if (this.capture.paused) this.capture.resume();
      else this.capture.pause();
      const { paused } = this.capture;
      pause.setAttribute("aria-pressed", String(paused));
      state.textContent = t(paused ? "recorder.paused" : "recorder.live");
      state.classList.toggle("off", paused);
      fill(pause, icon(paused ? "play" : "pause"), t(paused ? "recorder.resume" : "recorder.pause"));
    } }, icon("pause"), t("recorder.pause"));
    fill(this.stage, h("div", { class: "studio", onkeydown: (event) => this.marks.onkey(event) },
      h("div", { class: "row between" }, state, time),
      h("div", { class: "row" }, icon("mic"), level), quiet,
      h("div", { class: "row" }, this.marks.buttons(), this.marks.back), this.marks.said,
      h("div", { class: "row" }, pause,
        canFloat() ? h("button", { type: "button", onclick: () => float(this) }, icon("screen"), t("recorder.float")) : null,
        h("span", { class: "grow" }),
        h("button", { type: "button", class: "primary", id: "finish", onclick: () => this.finish() }, t("recorder.finish")))));
    this.root.querySelector("#finish").focus();
    let silence_ms = 0;
    const tick = () => {
      if (!this.capture) return;
      time.textContent = clock(this.capture.seconds);
      level.value = this.capture.level;
      silence_ms = this.capture.level > 0.15 || this.capture.paused || !this.capture.microphone ? 0 : silence_ms + 100;
      quiet.hidden = silence_ms < 15_000;
      setTimeout(tick, 100);
    };
    tick();
  }

  async finish() {
    if (!this.capture || this.finishing) return;
    this.finishing = true;
    this.floating?.close();
    await this.capture.end();
    this.capture = null;
    await this.store.finish();
    this.transfer.live = false;
    this.transfer.upload.more();
    this.finishing = false;
    this.showChoice();
  }

  // ---- sending ----

  send(source, options) {
    const transfer = new Transfer({ component: this, source, ...options });
    this.transfers.prepend(transfer.element);
    transfer.run();
    return transfer;
  }

  /** After a reload: what was recorded and not sent to its end. */
  async offerUnfinished() {
    const stores = await ChunkStore.unfinished(this.api.url("")).catch(() => []);
    for (const store of stores) {
      const box = notice("warn", t("recorder.unfinished", { time: clock(store.row.seconds), size: bytes(store.row.bytes), name: store.row.metadata.filename }),
        h("button", { type: "button", class: "primary", onclick: async () => {
          box.remove();
          await store.finish();
          this.send(store, { name: store.row.metadata.filename, metadata: store.row.metadata, store, url: store.row.url, beside: besideOf(store) });
        } }, t("recorder.resume-upload")),
        h("button", { type: "button", onclick: async () => {
          if (!(await ask(this.root, { title: t("recorder.discard.title"), text: t("recorder.discard.text"), yes: t("recorder.discard"), no: t("action.cancel"), danger: true }))) return;
          box.remove();
          await store.remove();
        } }, t("recorder.discard")));
      this.said.append(box);
    }
    const files = resumeAddress.all(this.api.url(""));
    if (files.length) this.said.append(notice("info", t("recorder.unfinished-file", { name: files[0].name })));
  }

  explain(error) {
    return explain(error);
  }
}

customElements.define("sop-recorder", SopRecorder);

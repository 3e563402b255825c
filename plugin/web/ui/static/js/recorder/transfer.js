/** One recording on its way: the row with progress, speed and time left, and what to do when it cannot go on. */

import { notice } from "../component.js";
import { ask, fill, h, iconButton } from "../dom.js";
import { bytes, clock } from "../format.js";
import { t } from "../strings.js";
import { TusUpload } from "./tus.js";

const ASK_AGAIN_ms = 700;
const PREFIX = "sopwright:upload:";

/** Where an interrupted upload of a file goes on, by the file's fingerprint; a browser does not let us open the file again by ourselves. */
export const resumeAddress = {
  get: (owner, fingerprint) => JSON.parse(localStorage.getItem(PREFIX + owner + fingerprint) ?? "null")?.url ?? null,
  set: (owner, fingerprint, name, url) => localStorage.setItem(PREFIX + owner + fingerprint, JSON.stringify({ name, url })),
  remove: (owner, fingerprint) => localStorage.removeItem(PREFIX + owner + fingerprint),
  all: (owner) => Object.keys(localStorage).filter((key) => key.startsWith(PREFIX + owner)).map((key) => JSON.parse(localStorage.getItem(key))),
};

export class Transfer {
  /** `store` for a recording that is kept in the browser until it has arrived, `fingerprint` for a file; `live` while it grows; `beside()` are its side files. */
  constructor({ component, source, name, metadata, store = null, fingerprint = null, url = null, live = false, beside = () => [] }) {
    Object.assign(this, { component, store, fingerprint, name, metadata, source, live, beside });
    this.owner = component.api.url("");
    this.bar = h("progress", { max: 1, "aria-label": t("transfer.label", { name }) });
    this.words = h("p", { class: "small muted number" }, t("transfer.starting"));
    this.problem = h("div", { hidden: true });
    this.cancel = iconButton("close", t("transfer.cancel"), () => this.abandon());
    this.element = h("div", { class: "card transfer", role: "group", "aria-label": name }, h("div", { class: "row" }, h("strong", { class: "grow" }, name), this.cancel), this.bar, this.words, this.problem);
    this.begin(url ?? (fingerprint ? resumeAddress.get(this.owner, fingerprint) : null));
  }

  begin(url) {
    this.upload = new TusUpload({ api: this.component.api, source: this.source, metadata: this.metadata, url, beside: this.beside });
    this.upload.addEventListener("created", ({ detail }) => this.remember(detail.url));
    this.upload.addEventListener("progress", ({ detail }) => this.show(detail));
    this.upload.addEventListener("waiting", ({ detail }) => (this.words.textContent = t("transfer.waiting", { why: this.component.explain(detail.error), n: Math.ceil(detail.seconds) })));
  }

  remember(url) {
    if (this.fingerprint) resumeAddress.set(this.owner, this.fingerprint, this.name, url);
    if (this.store) {
      this.store.row.url = url;
      this.store.save();
    }
  }

  show({ offset, size, speed_bytes_per_s, seconds_left }) {
    const speed = speed_bytes_per_s ? t("transfer.speed", { speed: bytes(speed_bytes_per_s) }) : "";
    if (size === null) {
      const behind = Math.max(0, this.store.row.bytes - offset);
      this.words.textContent = t("transfer.live", { sent: bytes(offset), behind: bytes(behind) });
      return;
    }
    this.bar.value = size ? offset / size : 0;
    const left = seconds_left === null ? "" : t("transfer.left", { time: clock(seconds_left) });
    this.words.textContent = [t("transfer.of", { sent: bytes(offset), size: bytes(size) }), speed, left].filter(Boolean).join(" · ");
  }

  async run() {
    try {
      const url = await this.upload.run();
      await this.accepted(url);
    } catch (error) {
      if (error.name === "AbortError") return;
      // The server has let go of an unfinished upload: what is kept here is sent anew, once.
      if ([404, 410].includes(error.status) && this.upload.url && !this.restarted) {
        this.restarted = true;
        this.begin(null);
        await this.run();
        return;
      }
      this.fail(error);
    }
  }

  /** All bytes are there; the service looks at them and makes the job. */
  async accepted(url) {
    this.bar.value = 1;
    this.words.textContent = t("transfer.checking");
    const path = `/uploads/${url.split("/").pop()}`;
    for (;;) {
      const answer = await this.component.api.get(path);
      if (answer.job_id) {
        await this.settle(path, answer);
        return;
      }
      if (answer.error || ["failed", "rejected"].includes(answer.state)) throw Object.assign(new Error(answer.error?.message ?? answer.error ?? answer.message), { status: 422 });
      await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_ms));
    }
  }

  async settle(path, answer) {
    this.forget();
    this.words.textContent = t(answer.duplicate ? "transfer.duplicate" : "transfer.done");
    this.cancel.remove();
    this.component.emit("recording-accepted", answer);
  }

  async forget() {
    if (this.fingerprint) resumeAddress.remove(this.owner, this.fingerprint);
    await this.store?.remove();
  }

  fail(error) {
    const again = h("button", { type: "button", onclick: () => {
      this.problem.hidden = true;
      this.begin(this.upload.url);
      this.run();
    } }, t("action.again"));
    fill(this.problem, notice("danger", t("transfer.failed", { why: this.component.explain(error) }), again)).hidden = false;
    if (this.fingerprint && error.status !== 507) resumeAddress.remove(this.owner, this.fingerprint);
  }

  async abandon() {
    const sure = await ask(this.component.root, { title: t("transfer.cancel.title"), text: t(this.store ? "transfer.cancel.recording" : "transfer.cancel.file"), yes: t("transfer.cancel"), no: t("transfer.keep"), danger: true });
    if (!sure) return;
    this.upload.stop();
    if (this.live) await this.component.finish();
    if (this.upload.url) await this.component.api.delete(`/uploads/${this.upload.url.split("/").pop()}`, { headers: { "Tus-Resumable": "1.0.0" } }).catch(() => {});
    await this.forget();
    this.element.remove();
  }
}

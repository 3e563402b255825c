/** Saves by itself, one request at a time, under If-Match; what somebody else wrote meanwhile comes in, or a person chooses. */

import { chooseBetween } from "./merge.js";
import { tidy } from "./model.js";

const QUIET_ms = 1500;
const AGAIN_ms = 5000;

/** States: saved, dirty, saving, offline, signed-out, clash, refused, gone. */
export class Saver extends EventTarget {
  constructor({ api, sopId, model, etag, base, journal, host }) {
    super();
    Object.assign(this, { api, path: `/sops/${encodeURIComponent(sopId)}`, model, etag, base, journal, host, state: "saved", timer: 0, running: null });
    model.addEventListener("change", () => this.changed());
  }

  changed() {
    if (this.receiving) return;
    this.dirty = true;
    this.unsafe = !this.journal.write(this);
    if (this.state !== "gone") this.tell("dirty");
    this.later(QUIET_ms);
  }

  later(wait_ms) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), wait_ms);
  }

  /** Resolves true when everything that was typed is on the server. */
  async save() {
    clearTimeout(this.timer);
    if (this.running) await this.running;
    if (!this.dirty) return true;
    this.running = this.#send().finally(() => (this.running = null));
    await this.running;
    return !this.dirty;
  }

  async #send() {
    const sent = this.model.document;
    this.dirty = false;
    this.tell("saving");
    try {
      const saved = await this.api.put(`${this.path}/draft`, { document: tidy(sent) }, { etag: this.etag });
      await this.#taken(saved, sent);
    } catch (error) {
      this.dirty = true;
      await this.#failed(error);
    }
  }

  async #taken(saved, sent) {
    this.etag = quoted(saved.etag ?? this.etag);
    this.base = sent;
    if (this.model.document !== sent) {
      this.dirty = true;
      this.journal.write(this);
    }
    if (saved.merged && !this.dirty) await this.#bringIn();
    if (!this.dirty) {
      this.journal.clear();
      this.tell("saved");
    } else this.later(QUIET_ms);
  }

  /** A colleague's words are in what was saved: show them here too. */
  async #bringIn() {
    const { data, etag } = await this.api.getWithTag(this.path);
    this.etag = etag ?? this.etag;
    this.receiving = true;
    this.base = data.document;
    this.model.replace(data.document);
    this.receiving = false;
    this.dispatchEvent(new CustomEvent("merged"));
  }

  async #failed(error) {
    if (error.status === 0 || error.status === 429 || error.status >= 500) {
      this.tell("offline", error);
      this.later(AGAIN_ms);
    } else if (error.status === 401) this.tell("signed-out", error);
    else if (error.status === 404 || error.status === 410) this.tell("gone", error);
    else if (error.problem?.clashes) await this.#clash(error);
    else this.tell("refused", error);
  }

  async #clash(error) {
    this.tell("clash", error);
    const { clashes, current } = error.problem;
    const resolved = await chooseBetween(this.host, clashes, { base: this.base, mine: this.model.document, theirs: current.sop });
    if (!resolved) return;
    this.etag = quoted(current.etag);
    this.base = current.sop;
    this.model.replace(resolved);
    this.later(0);
  }

  tell(state, error = null) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state, error } }));
  }
}

const quoted = (etag) => (etag && !/^(W\/)?"/.test(etag) ? `"${etag}"` : etag);

/** Plays the seconds of the recording in which something was said or shown. */

import { notice } from "../component.js";
import { fill, h, iconButton } from "../dom.js";
import { clock } from "../format.js";
import { t } from "../strings.js";

/** With a ticket (no cookie on <video>) a recording up to this size is loaded whole; a larger one plays in the service's own pages only. */
const WHOLE_at_most_bytes = 200_000_000;

export class Player {
  constructor({ api, recordingId }) {
    Object.assign(this, { api, recordingId });
    this.video = h("video", { controls: true, preload: "metadata", "aria-label": t("player.label"), ontimeupdate: () => this.stopAtEnd() });
    this.words = h("p", { class: "small muted number", "aria-live": "polite" });
    this.answer = h("div");
    this.element = h("section", { class: "player", hidden: true, "aria-label": t("player.label") }, this.video, h("div", { class: "row" }, this.words, h("span", { class: "grow" }), iconButton("close", t("player.close"), () => this.close(), { class: "quiet icon-only small" })), this.answer);
    this.video.addEventListener("error", () => fill(this.answer, notice("warn", t("player.gone"))));
  }

  async play(start, end, title) {
    this.element.hidden = false;
    this.end = end;
    this.words.textContent = t("player.playing", { from: clock(start), to: clock(end), title });
    try {
      await this.load();
      this.video.currentTime = start;
      await this.video.play();
    } catch (error) {
      if (error.name !== "AbortError") fill(this.answer, notice("warn", t("player.gone")));
    }
  }

  async load() {
    if (this.video.src) return;
    const path = `/recordings/${encodeURIComponent(this.recordingId)}/media`;
    if (!this.api.token) {
      this.video.src = this.api.url(path);
    } else {
      const { size_bytes } = await this.api.get(`/recordings/${encodeURIComponent(this.recordingId)}`);
      if (size_bytes > WHOLE_at_most_bytes) throw new Error("too large");
      this.video.src = URL.createObjectURL(await (await this.api.send("GET", path)).blob());
    }
    await new Promise((resolve, reject) => {
      this.video.addEventListener("loadedmetadata", resolve, { once: true });
      this.video.addEventListener("error", reject, { once: true });
    });
  }

  stopAtEnd() {
    if (this.end !== null && this.video.currentTime >= this.end) {
      this.video.pause();
      this.end = null;
    }
  }

  close() {
    this.video.pause();
    this.element.hidden = true;
  }
}

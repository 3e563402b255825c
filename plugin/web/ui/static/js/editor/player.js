/** Plays the seconds of the recording in which something was said or shown. */

import { notice } from "../component.js";
import { fill, h, iconButton } from "../dom.js";
import { clock } from "../format.js";
import { t } from "../strings.js";

export class Player {
  constructor({ api, recordingId }) {
    Object.assign(this, { api, path: `/recordings/${encodeURIComponent(recordingId)}`, end: null });
    this.video = h("video", { controls: true, preload: "metadata", "aria-label": t("player.label"), ontimeupdate: () => this.stopAtEnd() });
    this.words = h("p", { class: "small muted number", "aria-live": "polite" });
    this.answer = h("div");
    this.element = h("section", { class: "player", hidden: true, "aria-label": t("player.label") }, this.video, h("div", { class: "row" }, this.words, h("span", { class: "grow" }), iconButton("close", t("player.close"), () => this.close(), { class: "quiet icon-only small" })), this.answer);
    this.picture = h("img", { hidden: true, alt: "" });
    this.video.before(this.picture);
  }

  async play(start, end, title) {
    this.element.hidden = false;
    this.words.textContent = t("player.playing", { from: clock(start), to: clock(end), title });
    fill(this.answer);
    try {
      const begins = await this.load(start, end);
      this.end = end - begins;
      this.video.currentTime = start - begins;
      this.show(this.video);
      await this.video.play();
    } catch (error) {
      if (error.name !== "AbortError") await this.still((start + end) / 2, title);
    }
  }

  /**
   * Opens what holds these seconds and resolves with the time in the recording at which it begins: the whole recording, read in ranges with the
   * session's cookie, or, since a ticket cannot ride along with a video element, the seconds as a small file.
   */
  async load(start, end) {
    let begins = 0;
    if (this.api.token) {
      const answer = await this.api.send("GET", `${this.path}/clip?t=${Math.max(0, start)}&until=${Math.max(end, start + 0.5)}`);
      begins = Number(answer.headers.get("X-Clip-Begins"));
      URL.revokeObjectURL(this.video.src);
      this.video.src = URL.createObjectURL(await answer.blob());
    } else {
      if (this.video.readyState) return 0;
      this.video.src = this.api.url(`${this.path}/media`);
    }
    await new Promise((resolve, reject) => {
      this.video.addEventListener("loadedmetadata", resolve, { once: true });
      this.video.addEventListener("error", () => reject(new Error("not playable")), { once: true });
    });
    return begins;
  }

  /** What cannot be played (the session of a terminal, a codec that the browser does not know) is shown as it stood. */
  async still(time, title) {
    try {
      const answer = await this.api.send("GET", `${this.path}/frame?t=${Math.max(0, time)}`);
      this.picture.alt = title;
      this.picture.src = URL.createObjectURL(await answer.blob());
      this.show(this.picture);
    } catch {
      this.show(null);
      fill(this.answer, notice("warn", t("player.gone")));
    }
  }

  show(shown) {
    this.video.hidden = shown !== this.video;
    this.picture.hidden = shown !== this.picture;
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

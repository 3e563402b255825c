/** A small window above all others with the keys that are needed while another window is in front (Document Picture-in-Picture, where the browser has it). */

import { h, icon } from "../dom.js";
import { clock } from "../format.js";
import { t } from "../strings.js";

export const canFloat = () => "documentPictureInPicture" in window;

/** Opens it for a recorder that is recording; it closes with the recording. */
export async function float(recorder) {
  const small = (recorder.floating = await window.documentPictureInPicture.requestWindow({ width: 360, height: 150 }));
  const { document: page } = small;
  page.documentElement.lang = "en";
  page.title = t("recorder.float.title");
  const time = h("output", { class: "number", "aria-label": t("recorder.time") });
  const finish = h("button", { type: "button", class: "primary small", onclick: () => recorder.finish() }, t("recorder.finish"));
  const keys = recorder.marks.buttons();
  for (const name of ["ui.css", "recorder.css"]) page.head.append(h("link", { rel: "stylesheet", href: new URL(`../../css/${name}`, import.meta.url).href }));
  page.body.append(h("main", { class: "component floating", onkeydown: (event) => recorder.marks.onkey(event) }, h("div", { class: "row between" }, h("span", { class: "row" }, icon("mic"), time), finish), h("div", { class: "row" }, keys)));
  const tick = () => {
    if (small.closed || !recorder.capture) return;
    time.textContent = clock(recorder.capture.seconds);
    setTimeout(tick, 250);
  };
  tick();
}

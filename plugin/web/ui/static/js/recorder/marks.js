/** What a person says about a recording while it runs: here a step begins, forget the last minute. Goes along as a side file of events. */

import { h, icon } from "../dom.js";
import { clock } from "../format.js";
import { t } from "../strings.js";

export const FORGET_s = 60;

/** `events` are lines of events.jsonl; `changed()` is called after each change, to keep them; `now()` is the time in the recording in seconds. */
export class Marks {
  constructor({ events, changed, now }) {
    Object.assign(this, { events, changed, now });
    this.said = h("p", { class: "small muted number", role: "status" });
    this.back = h("button", { type: "button", class: "quiet small", hidden: true, onclick: () => this.undo() }, icon("undo"), t("recorder.marks.undo"));
    this.show();
  }

  /** The two keys; also pressed by M and F while the recorder has the focus. */
  buttons() {
    return [
      h("button", { type: "button", title: t("recorder.mark.key"), onclick: () => this.mark() }, icon("flag"), t("recorder.mark")),
      h("button", { type: "button", title: t("recorder.forget.key"), onclick: () => this.forget() }, icon("trash"), t("recorder.forget")),
    ];
  }

  onkey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
    const act = { m: () => this.mark(), f: () => this.forget() }[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  }

  mark() {
    this.add({ type: "mark", time: round(this.now()) });
  }

  forget() {
    const time = round(this.now());
    this.add({ type: "mistake", time, from: Math.max(0, round(time - FORGET_s)) });
  }

  undo() {
    this.events.pop();
    this.show();
    this.changed();
  }

  add(event) {
    this.events.push(event);
    this.show();
    this.changed();
  }

  show() {
    const last = this.events.at(-1);
    const count = this.events.filter((event) => event.type === "mark").length;
    this.back.hidden = !last;
    if (!last) this.said.textContent = t("recorder.marks.none");
    else if (last.type === "mark") this.said.textContent = t("recorder.marks.count", { n: count, time: clock(last.time) });
    else this.said.textContent = t("recorder.marks.forgotten", { from: clock(last.from), until: clock(last.time) });
  }
}

/** The file of events, or null where there is nothing to say. */
export function eventsFile(events) {
  if (!events?.length) return null;
  const head = { type: "recording", version: 1, recorder: "sop-recorder" };
  return new Blob([[head, ...events].map((line) => `${JSON.stringify(line)}\n`).join("")], { type: "application/jsonl" });
}

const round = (seconds) => Math.round(seconds * 100) / 100;

/** Boxes over a picture, in fractions of it: drawn, moved and resized with the pointer or with the keys. */

import { h } from "../dom.js";
import { t } from "../strings.js";

const STEP = 0.005;
const SMALLEST = 0.008;

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

export class Boxes {
  /** `boxes` is a list of `{kind: "highlight" | "redaction", box: [x, y, w, h]}`; `onChange()` after every change; `mayRemove(entry)` may ask first. */
  constructor({ boxes, onChange, mayRemove }) {
    Object.assign(this, { boxes, onChange, mayRemove, drawing: null });
    this.layer = h("div", { class: "boxes", onpointerdown: (event) => this.pointerDown(event) });
    this.render();
  }

  /** The next drag over the picture draws a box of this kind. */
  draw(kind) {
    this.drawing = kind;
    this.layer.classList.toggle("drawing", Boolean(kind));
  }

  /** Adds one in the middle: the way without a pointer. */
  add(kind) {
    if (kind === "highlight") this.boxes = this.boxes.filter((entry) => entry.kind !== "highlight");
    const entry = { kind, box: [0.4, 0.45, 0.2, 0.1], fresh: true };
    this.boxes.push(entry);
    this.changed();
    this.layer.lastElementChild.focus();
  }

  changed() {
    this.render();
    this.onChange();
  }

  render() {
    this.layer.replaceChildren(...this.boxes.map((entry) => this.element(entry)));
  }

  element(entry) {
    const label = t(entry.kind === "highlight" ? "picture.highlight.label" : "picture.redaction.label");
    const element = h("div", { class: `edit-box ${entry.kind}`, tabindex: 0, role: "group", "aria-roledescription": t("picture.box"), "aria-label": label, onkeydown: (event) => this.key(event, entry, element) }, h("span", { class: "corner", "aria-hidden": "true" }));
    element.entry = entry;
    place(element, entry.box);
    return element;
  }

  async key(event, entry, element) {
    const [dx, dy] = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key] ?? [0, 0];
    if (dx || dy) {
      event.preventDefault();
      const factor = event.ctrlKey ? 5 : 1;
      entry.box = event.shiftKey ? resized(entry.box, dx * factor, dy * factor) : moved(entry.box, dx * factor, dy * factor);
      place(element, entry.box);
      this.onChange();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      await this.remove(entry);
    }
  }

  async remove(entry) {
    if (!(await this.mayRemove(entry))) return;
    this.boxes = this.boxes.filter((one) => one !== entry);
    this.changed();
  }

  pointerDown(event) {
    if (event.button) return;
    event.preventDefault();
    const area = this.layer.getBoundingClientRect();
    const at = (move) => [clamp((move.clientX - area.left) / area.width, 0, 1), clamp((move.clientY - area.top) / area.height, 0, 1)];
    const [x0, y0] = at(event);
    const target = event.target.closest(".edit-box");
    if (this.drawing) return this.drawFrom(event, x0, y0, at);
    if (!target) return undefined;
    target.focus();
    const { entry } = target;
    const before = entry.box;
    const change = event.target.matches(".corner") ? resized : moved;
    return this.track(event, (move) => {
      const [x, y] = at(move);
      entry.box = change(before, x - x0, y - y0);
      place(target, entry.box);
    }, () => this.onChange());
  }

  drawFrom(event, x0, y0, at) {
    const kind = this.drawing;
    if (kind === "highlight") this.boxes = this.boxes.filter((entry) => entry.kind !== "highlight");
    const entry = { kind, box: [x0, y0, SMALLEST, SMALLEST], fresh: true };
    const element = this.element(entry);
    this.render();
    this.layer.append(element);
    this.track(event, (move) => {
      const [x, y] = at(move);
      entry.box = [Math.min(x, x0), Math.min(y, y0), Math.max(SMALLEST, Math.abs(x - x0)), Math.max(SMALLEST, Math.abs(y - y0))];
      place(element, entry.box);
    }, () => {
      this.draw(null);
      this.boxes.push(entry);
      this.changed();
      this.layer.lastElementChild.focus();
    });
  }

  track(event, onMove, onEnd) {
    this.layer.setPointerCapture(event.pointerId);
    const end = () => {
      this.layer.removeEventListener("pointermove", onMove);
      onEnd();
    };
    this.layer.addEventListener("pointermove", onMove);
    this.layer.addEventListener("pointerup", end, { once: true });
  }
}

function moved([x, y, width, height], dx, dy) {
  return [clamp(x + dx, 0, 1 - width), clamp(y + dy, 0, 1 - height), width, height];
}

function resized([x, y, width, height], dx, dy) {
  return [x, y, clamp(width + dx, SMALLEST, 1 - x), clamp(height + dy, SMALLEST, 1 - y)];
}

function place(element, box) {
  for (const [property, value] of Object.entries({ left: box[0], top: box[1], width: box[2], height: box[3] })) element.style.setProperty(property, `${(100 * value).toFixed(3)}%`);
}

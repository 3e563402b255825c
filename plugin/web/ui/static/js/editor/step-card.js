/** One step as it will read, every field of it editable in place; what is empty waits behind one row of buttons. */

import { h, icon, iconButton } from "../dom.js";
import { clock } from "../format.js";
import { frame, pictureAddress } from "../reader.js";
import { t } from "../strings.js";
import { basisMark, labelled, listControl, textControl } from "./fields.js";

const LISTS = {
  inputs: { parts: ["name", "value"], make: () => ({ name: "", value: "", secret: false }) },
  commands: { parts: ["text", "output"], make: () => ({ language: "bash", text: "", output: null }), monoParts: ["text", "output"] },
  warnings: { make: () => "" },
  troubleshooting: { parts: ["problem", "solution"], make: () => ({ problem: "", solution: "" }) },
  branches: { parts: ["when", "then"], make: () => ({ when: "", then: "" }) },
};
const TEXTS = ["detail", "location", "role", "expected", "verification"];
const ORDER = ["location", "role", "detail", "warnings", "inputs", "commands", "expected", "verification", "branches", "troubleshooting"];
const LOW = 0.6;

/** `editor` offers model, api, sopId, recordingId, and the verbs of the toolbar (move, merge, split, remove, play, editPicture). */
export function stepCard(editor, index) {
  const { model } = editor;
  const step = model.document.steps[index];
  const path = ["steps", index];
  const rebuild = (focus) => editor.rebuildStep(step.id, focus);
  const opened = editor.opened.get(step.id) ?? new Set();
  const filled = (name) => (LISTS[name] ? step[name].length : step[name] !== null) || opened.has(name);
  const mark = (name) => basisMark(step.evidence?.basis?.[name]);
  const action = textControl(model, [...path, "action"], { label: t("editor.action", { n: step.number }), placeholder: t("editor.action.placeholder"), className: "action" });
  action.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      editor.split(step.id, action.selectionStart);
    }
  });
  return h("li", { class: `step ${step.confidence < LOW ? "unsure" : ""}`, id: step.id, data: { step: step.id } },
    h("div", { class: "nr-side" },
      h("span", { role: "button", tabindex: 0, class: "nr", draggable: "true", "aria-label": t("editor.move.label", { n: step.number }), title: t("editor.move.hint"), data: { handle: step.id },
        onkeydown: (event) => editor.moveByKey(event, step.id), ondragstart: (event) => editor.dragStart(event, step.id), ondragend: () => editor.dragEnd() }, String(step.number))),
    h("div", { class: "body" },
      h("div", { class: "row top" }, h("div", { class: "grow" }, action), toolbar(editor, step)),
      evidence(editor, step, mark("action")),
      ORDER.filter(filled).map((name) => field(editor, step, path, name, mark(name), rebuild)),
      picture(editor, step, mark("image")),
      h("div", { class: "row adders", role: "group", "aria-label": t("editor.add") }, ORDER.filter((name) => !filled(name)).map((name) => h("button", { type: "button", class: "quiet small", onclick: () => editor.open(step.id, name) }, "+ ", t(`field.${name}`))),
        h("label", { class: "choice small" }, h("input", { type: "checkbox", checked: step.optional, onchange: (event) => model.set([...path, "optional"], event.target.checked) }), t("field.optional")))));
}

function toolbar(editor, step) {
  const last = step.number === editor.model.document.steps.length;
  const small = { class: "quiet icon-only small" };
  return h("div", { class: "tools", role: "toolbar", "aria-label": t("editor.tools", { n: step.number }) },
    iconButton("up", t("editor.up"), () => editor.move(step.id, -1), { ...small, disabled: step.number === 1 }),
    iconButton("down", t("editor.down"), () => editor.move(step.id, 1), { ...small, disabled: last }),
    iconButton("split", t("editor.split"), () => editor.split(step.id), small),
    iconButton("merge", t("editor.merge"), () => editor.merge(step.id), { ...small, disabled: last }),
    iconButton("add", t("editor.insert"), () => editor.insertAfter(step.id), small),
    iconButton("trash", t("editor.delete"), () => editor.remove(step.id), small));
}

function evidence(editor, step, mark) {
  const { evidence: known, confidence } = step;
  const low = confidence < LOW;
  if (!known) return mark;
  const play = (label, start, end) => h("button", { type: "button", class: "quiet small", disabled: !editor.recordingId, onclick: () => editor.play(start, end, step) }, icon("play"), label);
  return h("div", { class: "row evidence" }, mark,
    play(t("editor.play", { from: clock(known.start), to: clock(known.end) }), known.start, known.end),
    (known.said ?? []).slice(0, 3).map(([start, end]) => play(t("editor.said", { from: clock(start) }), start, end)),
    known.shown ? play(t("editor.shown", { from: clock(known.shown[0]) }), ...known.shown) : null,
    h("span", { class: `badge ${low ? "warn" : ""}`, title: t("editor.confidence.hint") }, low ? icon("warn") : null, t("editor.confidence", { percent: Math.round(100 * confidence) })));
}

function field(editor, step, path, name, mark, rebuild) {
  const at = [...path, name];
  if (TEXTS.includes(name)) {
    const control = textControl(editor.model, at, { label: t(`field.${name}`), nullable: true, mono: name === "verification" });
    return labelled(name, control, mark);
  }
  const extra = { inputs: secretBox, commands: languageBox }[name];
  const list = listControl(editor.model, at, { name, ...LISTS[name], rebuild, extra: extra ? (item, itemPath) => extra(editor, item, itemPath, rebuild) : null });
  return h("div", { class: "line", data: { field: name } }, h("div", { class: "line-head" }, h("span", { class: "label" }, t(`field.${name}`)), mark), list);
}

/** Marking a value as secret removes it at once: a secret never stands in a document. */
function secretBox(editor, input, path, rebuild) {
  return h("label", { class: "choice small" }, h("input", { type: "checkbox", checked: input.secret, onchange: (event) => {
    const secret = event.target.checked;
    editor.model.set(path, { ...editor.model.get(path), secret, value: secret ? null : "" });
    rebuild(path);
  } }), t("editor.secret"));
}

function languageBox(editor, command, path) {
  return h("input", { class: "inline language", list: "languages", maxlength: 40, value: command.language, "aria-label": t("editor.language"), oninput: (event) => editor.model.set([...path, "language"], event.target.value) });
}

function picture(editor, step, mark) {
  const change = h("button", { type: "button", class: "small", onclick: () => editor.editPicture(step.id) }, icon("image"), t(step.image ? "editor.picture.change" : "editor.picture.add"));
  if (!step.image) return editor.recordingId ? h("div", {}, change) : null;
  const image = h("img", { alt: step.image.alt || t("reader.picture", { n: step.number }), loading: "lazy", width: step.image.width, height: step.image.height });
  editor.api.show(image, pictureAddress(editor.sopId, step.image)).catch(() => {});
  const alt = textControl(editor.model, ["steps", step.number - 1, "image", "alt"], { label: t("editor.picture.alt"), placeholder: t("editor.picture.alt") });
  return h("figure", { class: "stack tight" }, h("div", { class: "shot" }, image, frame(step.image.highlight)), h("figcaption", { class: "row" }, mark, h("div", { class: "grow" }, alt), editor.recordingId ? change : null,
    h("button", { type: "button", class: "quiet small", onclick: () => editor.removePicture(step.id) }, t("editor.picture.remove"))));
}

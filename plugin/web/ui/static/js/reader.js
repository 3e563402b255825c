/** An SOP as it reads, built from the document. Sections without content are left out; nothing is made up. */

import { h, icon, openDialog } from "./dom.js";
import { clock } from "./format.js";
import { rich } from "./rich.js";
import { grouped, ordered } from "./sections.js";
import { t, word } from "./strings.js";

/** The API address of a picture of the document: `images/<digest>.png` -> `/sops/<id>/images/<digest>`. */
export function pictureAddress(sopId, picture) {
  return `/sops/${encodeURIComponent(sopId)}/images/${encodeURIComponent(picture.path.split("/").pop().replace(/\.\w+$/, ""))}`;
}

/** What stands beside each other at the head of an SOP: short lists. */
const SMALL = new Set(["scope", "roles", "stakeholders", "prerequisites", "tools"]);

const SECTIONS = {
  purpose: (d) => (d.purpose ? h("p", { class: "lead" }, rich(d.purpose)) : null),
  summary: (d) => (d.summary && d.summary !== d.purpose ? h("p", { class: "muted" }, rich(d.summary)) : null),
  scope: (d) => [list("covers", d.scope?.covers), list("excludes", d.scope?.excludes)],
  roles: (d) => list("roles", (d.roles ?? []).map((role) => (role.does ? `${role.role}: ${role.does}` : role.role))),
  stakeholders: (d) => list("stakeholders", d.stakeholders),
  prerequisites: (d) => list("prerequisites", d.prerequisites),
  tools: (d) => list("tools", d.tools),
  warnings: (d) => (d.warnings ?? []).map((text) => h("p", { class: "warning" }, rich(text))),
  steps: (d, context) => h("section", {}, h("h2", {}, t("field.steps")), h("ol", { class: "steps" }, (d.steps ?? []).map((step) => readStep(step, context)))),
  troubleshooting: (d) => section("troubleshooting", (d.troubleshooting ?? []).map((trouble) => readTrouble(trouble))),
  rollback: (d) => section("rollback", d.rollback?.length ? h("ol", {}, d.rollback.map((text) => h("li", {}, rich(text)))) : []),
  escalation: (d) => section("escalation", (d.escalation ?? []).map((line) => h("p", {}, h("strong", {}, rich(line.to)), " ", rich(t("reader.when", { when: line.when }))))),
  references: (d) => section("references", d.references?.length ? h("ul", { class: "plain" }, d.references.map((text) => h("li", {}, reference(text)))) : []),
  findings: (d) => section("findings", d.findings?.length ? h("ul", { class: "plain" }, d.findings.map((text) => h("li", {}, rich(text)))) : []),
};

/** `context` is `{api, sopId, host}`; `onPlay(step)` adds a button that plays the seconds of a step. */
export function readSop(document_, context) {
  const groups = grouped(ordered(document_.sections), (name) => SMALL.has(name));
  return h("article", { class: "sop" }, groups.map((names) => {
    const shown = names.map((name) => SECTIONS[name](document_, context)).flat().filter(Boolean);
    return shown.length && SMALL.has(names[0]) ? h("div", { class: "two" }, shown) : shown;
  }));
}

function list(name, items) {
  return items?.length ? h("div", {}, h("h3", {}, t(`field.${name}`)), h("ul", { class: "plain" }, items.map((text) => h("li", {}, rich(text))))) : null;
}

function section(name, content) {
  return [content].flat().length ? h("section", {}, h("h2", {}, t(`field.${name}`)), content) : null;
}

/** Only an http address becomes a link. */
function reference(text) {
  return /^https?:\/\/\S+$/.test(text) ? h("a", { href: text, rel: "noopener noreferrer" }, text) : rich(text);
}

/** One command is shown as a command, a sentence as a sentence. */
const check = (text) => (text.includes("`") || /[.!?]$/.test(text) ? rich(text) : h("code", {}, text));

function readTrouble({ problem, solution }) {
  return h("details", { class: "trouble" }, h("summary", {}, rich(problem)), h("p", {}, rich(solution)));
}

export function readStep(step, context) {
  return h("li", { class: "step", id: step.id },
    h("div", { class: "nr", "aria-hidden": "true" }, String(step.number)),
    h("div", { class: "body" },
      h("div", {}, h("p", { class: "action" }, h("span", { class: "visually-hidden" }, `${step.number}. `), rich(step.action), " ", step.optional ? h("span", { class: "badge" }, t("field.optional")) : null),
        step.location || step.role ? h("p", { class: "where" }, [step.location, step.role].filter(Boolean).join(" · ")) : null),
      step.detail ? h("p", {}, rich(step.detail)) : null,
      (step.warnings ?? []).map((text) => h("p", { class: "warning" }, rich(text))),
      step.inputs?.length ? h("dl", { class: "pairs" }, step.inputs.map((input) => [h("dt", {}, input.name), h("dd", {}, input.secret ? h("span", { class: "badge" }, t("reader.secret")) : h("code", {}, input.value ?? ""))])) : null,
      (step.commands ?? []).map((command) => readCommand(command)),
      step.image && context.api ? readPicture(step.image, context, step) : null,
      step.expected ? h("div", { class: "then" }, h("span", { class: "label" }, t("field.expected")), h("p", {}, rich(step.expected))) : null,
      step.verification ? h("div", { class: "then" }, h("span", { class: "label" }, t("field.verification")), h("p", {}, check(step.verification))) : null,
      (step.branches ?? []).map((branch) => h("div", { class: "then" }, h("span", { class: "label" }, t("reader.if")), h("p", {}, rich(t("reader.branch", branch))))),
      (step.troubleshooting ?? []).map((trouble) => readTrouble(trouble)),
      context.onPlay && step.evidence ? h("div", {}, h("button", { type: "button", class: "quiet small", onclick: () => context.onPlay(step) }, icon("play"), `${clock(step.evidence.start)}–${clock(step.evidence.end)}`)) : null));
}

export function readCommand(command) {
  return h("pre", { class: "command", tabindex: 0, "aria-label": t("reader.command") }, command.text, command.output ? h("span", { class: "output" }, `\n${command.output}`) : null);
}

function readPicture(picture, context, step) {
  const image = h("img", { alt: picture.alt || t("reader.picture", { n: step.number }), loading: "lazy", width: picture.width, height: picture.height });
  context.api.show(image, pictureAddress(context.sopId, picture)).catch(() => image.removeAttribute("src"));
  const enlarge = () => openDialog(context.host ?? document.body, {
    title: step.action, className: "wide",
    build: (close) => {
      const large = h("img", { alt: image.alt });
      context.api.show(large, pictureAddress(context.sopId, picture)).catch(() => {});
      return [h("div", { class: "shot" }, large, frame(picture.highlight)), h("div", { class: "row end" }, h("button", { type: "button", onclick: () => close() }, t("action.close")))];
    },
  });
  return h("button", { type: "button", class: "shot", title: t("reader.enlarge"), onclick: enlarge }, image, frame(picture.highlight));
}

/** A box in fractions of the picture, laid over it. */
export function frame(box, className = "box") {
  if (!box) return null;
  const [x, y, width, height] = box.map((value) => `${(100 * value).toFixed(3)}%`);
  return h("span", { class: className, style: { left: x, top: y, width, height } });
}

/** Any value of the document as plain text, for comparing and for merging. */
export function plain(value) {
  if (value === null || value === undefined || value === "") return "";
  if (Array.isArray(value)) return value.map(plain).join("\n");
  if (typeof value === "boolean") return t(value ? "reader.yes" : "reader.no");
  if (typeof value !== "object") return String(value);
  if ("text" in value) return [`$ ${value.text}`, value.output].filter(Boolean).join("\n");
  if ("problem" in value) return `${value.problem}: ${value.solution}`;
  if ("when" in value) return `${value.when}: ${value.then ?? value.to}`;
  if ("role" in value) return [value.role, value.does].filter(Boolean).join(": ");
  if ("path" in value && "time" in value) return t("reader.picture-at", { time: clock(value.time) });
  if ("secret" in value) return `${value.name}: ${value.secret ? t("reader.secret") : value.value ?? ""}`;
  return Object.entries(value).filter(([, part]) => plain(part)).map(([name, part]) => `${word("field", name)}: ${plain(part)}`).join("\n");
}

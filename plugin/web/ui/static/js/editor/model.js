/** The document while it is edited: pure changes, undo and redo, and the mark "edited" on every field that a person changed. */

const HISTORY_at_most = 300;
const TYPING_ms = 1200;

const MARKED = new Set(["action", "detail", "location", "inputs", "commands", "expected", "verification", "warnings", "troubleshooting", "role", "optional", "branches", "image"]);

/** An id for a new step; the server keeps it, so that later edits find the step again. */
export function newStepId() {
  const time = Date.now().toString(36).padStart(9, "0");
  const noise = Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => (byte % 36).toString(36)).join("");
  return `stp_${time}${noise}`;
}

export const emptyStep = () => ({
  id: newStepId(), number: 0, action: "", detail: null, location: null, inputs: [], commands: [], expected: null, verification: null, warnings: [],
  troubleshooting: [], role: null, optional: false, branches: [], image: null, evidence: null, confidence: 1,
});

/** Events: "change" {structure} after every change; structure false means that only the text of one field differs. */
export class Model extends EventTarget {
  constructor(document_) {
    super();
    this.document = structuredClone(document_);
    this.past = [];
    this.future = [];
    this.last = { path: null, at_ms: 0 };
  }

  // ---- reading ----

  get(path) {
    return path.reduce((value, key) => value?.[key], this.document);
  }

  index(stepId) {
    return this.document.steps.findIndex((step) => step.id === stepId);
  }

  // ---- changing ----

  /** Sets one value; typing into the same field within a moment is one undo step. */
  set(path, value) {
    if (JSON.stringify(this.get(path)) === JSON.stringify(value)) return;
    const name = path.join("/");
    const now = performance.now();
    const typing = name === this.last.path && now - this.last.at_ms < TYPING_ms;
    this.change((document_) => {
      const parent = path.slice(0, -1).reduce((node, key) => (node[key] ??= {}), document_);
      parent[path.at(-1)] = value;
      markEdited(document_, path);
    }, { structure: false, keep: typing });
    this.last = { path: name, at_ms: now };
  }

  /** Any change: `alter` works on a copy. */
  change(alter, { structure = true, keep = false } = {}) {
    if (!keep) {
      this.past.push(this.document);
      if (this.past.length > HISTORY_at_most) this.past.shift();
    }
    const next = structuredClone(this.document);
    alter(next);
    renumber(next);
    this.document = next;
    this.future = [];
    this.last = { path: null, at_ms: 0 };
    this.tell(structure);
  }

  undo() {
    if (!this.past.length) return;
    this.future.push(this.document);
    this.document = this.past.pop();
    this.tell(true);
  }

  redo() {
    if (!this.future.length) return;
    this.past.push(this.document);
    this.document = this.future.pop();
    this.tell(true);
  }

  /** What the server answered takes the place of the document; undo still leads back to what was here. */
  replace(document_) {
    this.change((draft) => {
      for (const key of Object.keys(draft)) delete draft[key];
      Object.assign(draft, structuredClone(document_));
    });
  }

  tell(structure) {
    this.dispatchEvent(new CustomEvent("change", { detail: { structure } }));
  }

  // ---- steps ----

  addStep(at) {
    const step = emptyStep();
    this.change((document_) => document_.steps.splice(at, 0, step));
    return step.id;
  }

  deleteStep(stepId) {
    this.change((document_) => document_.steps.splice(this.index(stepId), 1));
  }

  moveStep(stepId, to) {
    const from = this.index(stepId);
    const bounded = Math.max(0, Math.min(this.document.steps.length - 1, to));
    if (from === bounded) return;
    this.change((document_) => document_.steps.splice(bounded, 0, ...document_.steps.splice(from, 1)));
  }

  /** The step and the one below it become one; nothing of either is lost. */
  mergeWithNext(stepId) {
    const at = this.index(stepId);
    if (at < 0 || at + 1 >= this.document.steps.length) return;
    this.change((document_) => document_.steps.splice(at, 2, merged(document_.steps[at], document_.steps[at + 1])));
  }

  /** Text behind `caret` and every command but the first go into a new step below. */
  splitStep(stepId, caret) {
    const at = this.index(stepId);
    const fresh = emptyStep();
    this.change((document_) => {
      const step = document_.steps[at];
      const [head, tail] = caret > 0 && caret < step.action.length ? [step.action.slice(0, caret).trim(), step.action.slice(caret).trim()] : [step.action, ""];
      step.action = head;
      Object.assign(fresh, { action: tail, location: step.location, role: step.role, commands: step.commands.splice(1), evidence: structuredClone(step.evidence), confidence: step.confidence });
      markEdited(document_, ["steps", at, "action"]);
      document_.steps.splice(at + 1, 0, fresh);
    });
    return fresh.id;
  }
}

function merged(first, second) {
  const both = (name) => [first[name], second[name]].filter(Boolean).join("\n") || null;
  const evidence = first.evidence && second.evidence
    ? { ...first.evidence, end: second.evidence.end, said: [...first.evidence.said, ...second.evidence.said], shown: first.evidence.shown ?? second.evidence.shown, basis: { ...second.evidence.basis, ...first.evidence.basis, action: "edited" } }
    : first.evidence ?? second.evidence;
  return {
    ...first, evidence,
    action: [first.action, second.action].filter(Boolean).join(" "),
    detail: both("detail"), expected: both("expected"), verification: both("verification"),
    location: first.location ?? second.location, role: first.role ?? second.role, image: first.image ?? second.image,
    optional: first.optional && second.optional, confidence: Math.min(first.confidence, second.confidence),
    ...Object.fromEntries(["inputs", "commands", "warnings", "troubleshooting", "branches"].map((name) => [name, [...first[name], ...second[name]]])),
  };
}

function markEdited(document_, path) {
  if (path[0] !== "steps" || !MARKED.has(path[2])) return;
  const { evidence } = document_.steps[path[1]];
  if (evidence) evidence.basis = { ...evidence.basis, [path[2]]: "edited" };
}

function renumber(document_) {
  document_.steps.forEach((step, index) => (step.number = index + 1));
}

/** What goes to the server: without empty lines of lists that were opened and not filled. */
export function tidy(document_) {
  const clean = structuredClone(document_);
  const texts = (list) => list.filter((text) => text.trim());
  for (const name of ["stakeholders", "prerequisites", "tools", "warnings", "rollback", "references", "findings"]) clean[name] = texts(clean[name] ?? []);
  clean.scope = { covers: texts(clean.scope?.covers ?? []), excludes: texts(clean.scope?.excludes ?? []) };
  clean.roles = (clean.roles ?? []).filter((role) => role.role.trim());
  clean.escalation = (clean.escalation ?? []).filter((line) => line.when.trim() || line.to.trim());
  clean.troubleshooting = (clean.troubleshooting ?? []).filter((line) => line.problem.trim() || line.solution.trim());
  for (const step of clean.steps) {
    step.warnings = texts(step.warnings);
    step.inputs = step.inputs.filter((input) => input.name.trim() || (input.value ?? "").trim());
    step.commands = step.commands.filter((command) => command.text.trim());
    step.troubleshooting = step.troubleshooting.filter((line) => line.problem.trim() || line.solution.trim());
    step.branches = step.branches.filter((branch) => branch.when.trim() || branch.then.trim());
    for (const name of ["detail", "location", "expected", "verification", "role"]) step[name] = step[name]?.trim() ? step[name] : null;
  }
  for (const name of ["purpose", "summary", "area"]) clean[name] = clean[name]?.trim() ? clean[name] : null;
  return clean;
}

/** Building elements without markup strings: everything a person typed ends as a text node, never as HTML. */

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "selected", "open", "muted", "indeterminate", "readOnly", "multiple"]);

/**
 * h("button", {class: "primary", onclick: save, "aria-label": "Save"}, "Save")
 * `style` takes an object of CSS properties (set through the CSSOM, which a strict CSP allows); null and false children vanish.
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) setAttribute(element, name, value);
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

function setAttribute(element, name, value) {
  if (value === null || value === undefined) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (name === "style") for (const [property, text] of Object.entries(value)) element.style.setProperty(property, text);
  else if (name === "data") Object.assign(element.dataset, value);
  else if (PROPERTIES.has(name)) element[name] = value;
  else if (value === true) element.setAttribute(name, "");
  else if (value !== false) element.setAttribute(name, String(value));
}

/** Replaces the children of `parent`; returns it. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return parent;
}

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  add: "M8 3v10M3 8h10",
  back: "M10 3 5 8l5 5",
  check: "m3 8.5 3.2 3.2L13 5",
  close: "m4 4 8 8M12 4l-8 8",
  crop: "M4 1v11h11M1 4h11v11",
  drag: "M6 3.5h.01M10 3.5h.01M6 8h.01M10 8h.01M6 12.5h.01M10 12.5h.01",
  down: "m4 6 4 4 4-4",
  up: "m4 10 4-4 4 4",
  exit: "M9.5 3H3v10h6.5M6.5 8H14M11 5l3 3-3 3",
  flag: "M4 14V2.5h7.5L10 5.5l1.5 3H4",
  image: "M2 3h12v10H2zM2 11l3.5-3.5 3 3L11 8l3 3",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  merge: "M4 2v3.5c0 2 4 2 4 4V14M12 2v3.5c0 2-4 2-4 4",
  mic: "M8 2a2 2 0 0 1 2 2v4a2 2 0 0 1-4 0V4a2 2 0 0 1 2-2M4 8a4 4 0 0 0 8 0M8 12v2",
  moon: "M13 9.5A5.5 5.5 0 1 1 6.5 3a4.5 4.5 0 0 0 6.5 6.5",
  pause: "M5.5 3v10M10.5 3v10",
  play: "M5 3l8 5-8 5z",
  redo: "M12.5 6.5h-6a3.5 3.5 0 0 0 0 7H9M10 3.5l3 3-3 3",
  screen: "M1.5 3h13v8h-13zM5.5 14h5",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9M10.5 10.5 14 14",
  split: "M8 2v4M8 6c0 3-4 2-4 5v3M8 6c0 3 4 2 4 5v3",
  sun: "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  trash: "M3 4.5h10M6 4.5V2.5h4v2M4.5 4.5l.5 9h6l.5-9",
  undo: "M3.5 6.5h6a3.5 3.5 0 0 1 0 7H7M6 3.5l-3 3 3 3",
  upload: "M8 11V3M4.5 6 8 2.5 11.5 6M2.5 13.5h11",
  warn: "M8 2 1.5 13.5h13zM8 6.5v3M8 11.5h.01",
};

/** A decorative 16 px line icon; the name of the control beside it carries the meaning. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true", focusable: "false" })) svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** An icon-only button with an accessible name and a tooltip. */
export function iconButton(name, label, onclick, attributes = {}) {
  return h("button", { type: "button", class: "quiet icon-only", "aria-label": label, title: label, onclick, ...attributes }, icon(name));
}

/** A modal dialog on the native element: focus is trapped and given back by the browser. Resolves with what `close(value)` was given. */
export function openDialog(host, { title, className = "", build }) {
  return new Promise((resolve) => {
    const id = `dialog-${Math.random().toString(36).slice(2)}`;
    const dialog = h("dialog", { class: className, "aria-labelledby": id });
    let answer = null;
    const close = (value = null) => {
      answer = value;
      dialog.close();
    };
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    dialog.append(h("h2", { id }, title), ...[build(close, dialog)].flat());
    host.append(dialog);
    dialog.showModal();
  });
}

/** A question with one harmless and one named answer; resolves true only for the named one. */
export function ask(host, { title, text, yes, no, danger = false }) {
  return openDialog(host, {
    title,
    className: "ask",
    build: (close) => [
      h("p", {}, text),
      h("div", { class: "row end" },
        h("button", { type: "button", onclick: () => close(false) }, no),
        h("button", { type: "button", class: danger ? "danger" : "primary", onclick: () => close(true) }, yes)),
    ],
  }).then(Boolean);
}

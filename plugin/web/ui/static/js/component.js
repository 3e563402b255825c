/** What the four components share: a shadow root with our style sheets, an API that is given from outside, and clear failure text. */

import { Api } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { t } from "./strings.js";

/**
 * Attributes of every component: `api` (base address), `token` (bearer ticket; none means the session cookie).
 * A page may instead set the property `api` to a shared Api. The component shows itself once its style sheets have arrived.
 */
export class Component extends HTMLElement {
  static sheets = ["ui.css"];

  #api = null;

  set api(api) {
    this.#api = api;
  }

  get api() {
    this.#api ??= new Api({ base: this.getAttribute("api") ?? "/api/v1", token: this.getAttribute("token") });
    return this.#api;
  }

  /** A fresh ticket, when the host page renews it. */
  set token(token) {
    this.api.token = token;
  }

  connectedCallback() {
    if (this.shadowRoot) return;
    const shadow = this.attachShadow({ mode: "open" });
    this.root = h("div", { class: "component", hidden: true });
    const links = this.constructor.sheets.map((name) => h("link", { rel: "stylesheet", href: new URL(`../css/${name}`, import.meta.url).href }));
    const arrived = links.map((link) => new Promise((resolve) => ["load", "error"].forEach((event) => link.addEventListener(event, resolve))));
    Promise.all(arrived).then(() => {
      this.root.hidden = false;
      this.setAttribute("ready", "");
    });
    shadow.append(...links, this.root);
    this.start();
  }

  /** Tells the host page something; crosses the shadow boundary. */
  emit(name, detail = {}) {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
  }
}

/** A note in a box: kind is info, ok, warn or danger. Danger is announced at once. */
export function notice(kind, text, ...actions) {
  return h("div", { class: `notice ${kind}`, role: kind === "danger" ? "alert" : "status" },
    icon({ info: "flag", ok: "check", warn: "warn", danger: "warn" }[kind]), h("div", { class: "grow" }, text), ...actions);
}

/** The words for an ApiError or a browser error. */
export function explain(error) {
  if (error.status === 0) return t("error.offline");
  if (error.status === 401) return t("error.signed-out");
  if (error.status === 429) return t("error.rate");
  if (error.status >= 500 && error.status !== 507) return t("error.server", { id: error.problem?.instance ?? error.status });
  return error.message;
}

/** Shows a failure in place of content, with a way to try again. */
export function failed(parent, error, again) {
  return fill(parent, notice("danger", explain(error), again ? h("button", { type: "button", onclick: again }, t("action.again")) : null));
}

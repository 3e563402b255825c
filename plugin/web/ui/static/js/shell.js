/** What every page starts with: who am I, the header, sign-in in place when a session ends, messages at the foot. */

import { Api } from "./api.js";
import { explain, notice } from "./component.js";
import { fill, h, icon, iconButton, openDialog } from "./dom.js";
import { flat, rich } from "./rich.js";
import { t } from "./strings.js";

const ROLES = ["viewer", "author", "approver", "admin"];

/** True when `me` may do what `role` may. */
export function may(me, role) {
  return ROLES.indexOf(me.role) >= ROLES.indexOf(role);
}

/**
 * Runs `build({page, api, me, data})` for a signed-in person; everyone else is sent to the sign-in page and comes back.
 * `role` is the least one that may see the page: others read why, and nothing of it is loaded.
 */
export async function start(build, { role = "viewer" } = {}) {
  const page = document.getElementById("page");
  const api = new Api({ onExpired: () => signInAgain(api) });
  try {
    const me = await api.get("/me", { quiet: true });
    api.csrf = me.csrf_token ?? me.csrf;
    header(api, me);
    fill(page);
    if (may(me, role)) await build({ page, api, me, data: page.dataset });
    else fill(page, h("div", { class: "empty" }, h("h1", {}, t("denied.title")), h("p", {}, t("denied.text", { role: t(`role.${role}`) })), h("a", { class: "button", href: "/" }, t("error-page.home"))));
  } catch (error) {
    if (error.status === 401) location.assign(`/signin?next=${encodeURIComponent(location.pathname + location.search)}`);
    else fill(page, wholePageError(error));
  }
  page.removeAttribute("aria-busy");
  showCurrent();
}

function wholePageError(error) {
  if (!("status" in error)) console.error(error);
  const gone = error.status === 404 || error.status === 410;
  return h("div", { class: "empty" },
    h("h1", {}, t(gone ? "error-page.404.title" : "error-page.500.title")),
    h("p", {}, gone ? t("error-page.404.text") : explain(error)),
    h("div", { class: "row" }, h("a", { class: "button", href: "/" }, t("error-page.home")), gone ? null : h("button", { type: "button", onclick: () => location.reload() }, t("action.again"))));
}

function header(api, me) {
  for (const link of document.querySelectorAll("[data-role]")) link.hidden = !may(me, link.dataset.role);
  const name = me.name ?? me.email;
  fill(document.getElementById("who"),
    may(me, "author") ? h("a", { class: "button primary", href: "/new" }, icon("screen"), t("nav.new")) : null,
    themeButton(),
    h("button", { type: "button", class: "quiet signout", "aria-label": t("nav.signout", { name }), title: `${me.email ?? name} · ${t(`role.${me.role}`)}`, onclick: () => signOut(api) }, icon("exit"), h("span", {}, t("nav.signout", { name }))));
}

/** Strips of links and tabs that are wider than a telephone begin where the reader is. */
function showCurrent() {
  for (const current of document.querySelectorAll("nav [aria-current=page], [role=tab][aria-selected=true]")) {
    const strip = current.parentElement;
    strip.scrollLeft = current.offsetLeft - strip.offsetLeft - (strip.clientWidth - current.offsetWidth) / 2;
  }
}

export function themeButton() {
  const dark = () => (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const button = iconButton(dark() ? "sun" : "moon", t("nav.theme"), () => {
    const theme = dark() ? "light" : "dark";
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("sopwright:theme", theme);
    fill(button, icon(dark() ? "sun" : "moon"));
  });
  return button;
}

async function signOut(api) {
  await api.delete("/session").catch(() => null);
  location.assign("/signin");
}

let signingIn = null;

/** Asks for the password over the page that is open, so that nothing on it is lost. True when signed in. */
function signInAgain(api) {
  signingIn ??= openDialog(document.body, {
    title: t("signin.again.title"),
    build: (close) => [h("p", {}, t("signin.again.text")), signInForm(api, () => close(true)), h("button", { type: "button", class: "quiet", onclick: () => close(false) }, t("signin.again.later"))],
  }).then((done) => {
    signingIn = null;
    return Boolean(done);
  });
  return signingIn;
}

/** E-mail and password; calls `done` after the API has opened a session. */
export function signInForm(api, done) {
  const email = h("input", { id: "email", name: "email", type: "email", autocomplete: "username", required: true, maxlength: 254 });
  const password = h("input", { id: "password", name: "password", type: "password", autocomplete: "current-password", required: true, maxlength: 1024 });
  const said = h("div", { hidden: true });
  const button = h("button", { class: "primary" }, t("signin.button"));
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const me = await api.post("/session", { email: email.value.trim(), password: password.value }, { quiet: true });
      api.csrf = me.csrf_token ?? me.csrf;
      done(me);
    } catch (error) {
      fill(said, notice("danger", [401, 403, 422].includes(error.status) ? t("signin.wrong") : explain(error))).hidden = false;
      password.select();
    }
    button.disabled = false;
  };
  return h("form", { class: "stack", onsubmit: submit, method: "post" }, said,
    h("div", { class: "field" }, h("label", { for: "email" }, t("signin.email")), email),
    h("div", { class: "field" }, h("label", { for: "password" }, t("signin.password")), password), button);
}

/** A short message at the foot of the page. */
export function toast(kind, text) {
  const box = h("div", { class: "toast" }, notice(kind, text));
  document.body.append(box);
  setTimeout(() => box.remove(), 6000);
}

/** The head of a page: crumbs, title, facts below it, actions beside it. */
export function pageHead({ crumbs = [], title, meta = [], actions = [] }) {
  document.title = `${flat(title)} · ${t("app.name")}`;
  return h("div", { class: "page-head" },
    h("div", {},
      crumbs.length ? h("nav", { class: "crumbs", "aria-label": t("nav.crumbs") }, crumbs.map(([text, href], index) => [index ? h("span", { "aria-hidden": "true" }, "/") : null, h("a", { href }, rich(text))])) : null,
      h("h1", {}, rich(title)), meta.length ? h("div", { class: "meta" }, meta) : null),
    actions.length ? h("div", { class: "row" }, actions) : null);
}

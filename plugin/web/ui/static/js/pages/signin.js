/** Signing in, and back to the page that asked for it. */

import { Api } from "../api.js";
import { notice } from "../component.js";
import { fill, h } from "../dom.js";
import { signInForm, themeButton } from "../shell.js";
import { t } from "../strings.js";

/** Only an address of this site is followed. */
function next() {
  const wanted = new URL(new URLSearchParams(location.search).get("next") ?? "/", location.origin);
  return wanted.origin === location.origin ? wanted.href : "/";
}

const page = document.getElementById("page");
fill(document.getElementById("who"), themeButton());
const form = signInForm(new Api(), () => location.assign(next()));
const asked = new URLSearchParams(location.search);
const WORDS = {
  denied: t("signin.oidc.denied"),
  expired: t("signin.oidc.expired"),
  refused: t("signin.oidc.refused"),
  unavailable: t("signin.oidc.unavailable"),
  unknown: t("signin.oidc.unknown"),
  unverified: t("signin.oidc.unverified"),
};
const problem = WORDS[asked.get("problem")];
const target = new URL(next(), location.origin);
const provider = page.dataset.provider;
const providers = h(
  "div",
  { class: "stack tight" },
  problem ? notice("danger", problem) : null,
  provider
    ? h("a", { class: "button", href: `/signin/oidc?next=${encodeURIComponent(target.pathname + target.search + target.hash)}` }, t("signin.oidc.button", { name: provider }))
    : null,
);
fill(page, h("div", { class: "single" }, h("div", { class: "card" }, h("h1", {}, t("signin.title")), h("p", { class: "muted" }, t("signin.text")), form, providers)));
page.removeAttribute("aria-busy");
form.querySelector("input").focus();

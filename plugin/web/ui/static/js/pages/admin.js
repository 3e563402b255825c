/** Administration: one section at a time, each in its own module. */

import { h } from "../dom.js";
import { failed } from "../component.js";
import { pageHead, start } from "../shell.js";
import { t } from "../strings.js";

const SECTIONS = ["connections", "people", "tokens", "recordings", "workspace", "health", "log"];

start(async ({ page, api, me, data }) => {
  const chosen = SECTIONS.includes(data.section) ? data.section : SECTIONS[0];
  const panel = h("div", { class: "stack" });
  page.append(pageHead({ title: t("page.admin") }), h("nav", { class: "tabs", "aria-label": t("page.admin") }, SECTIONS.map((name) => h("a", { href: `/admin/${name}`, class: "button", "aria-current": name === chosen ? "page" : null }, t(`admin.${name}`)))), panel);
  const { show } = await import(`../admin/${chosen}.js`);
  const load = () => show({ panel, api, me, load }).catch((error) => failed(panel, error, load));
  await load();
}, { role: "admin" });

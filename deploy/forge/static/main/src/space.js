/** The space's own page: its SOPs, the most urgent first, and a new one without a page to begin at. */

import { notice } from "./ui/js/component.js";
import { fill, h } from "./ui/js/dom.js";
import { date } from "./ui/js/format.js";
import { Way } from "./dialog.js";
import { open, remote } from "./remote.js";
import { words } from "./words.js";

export async function space(page) {
  const { space: name, sops } = await remote("space");
  const said = h("div", { "aria-live": "polite" });
  const begin = async () => {
    try {
      await new Way(page, await open()).begin();
    } catch (error) {
      fill(said, notice("danger", error.message));
    }
  };
  const row = (sop) => h("tr", {}, h("td", {}, sop.url ? h("a", { href: sop.url }, sop.title) : sop.title), h("td", {}, words.states[sop.review_state] ?? sop.review_state), h("td", {}, sop.due ? date(sop.due) : "–"), h("td", {}, sop.owner ?? words.nobody));
  const list = sops.length
    ? h("table", { class: "sops" }, h("thead", {}, h("tr", {}, [words.name, words.state, words.due, words.owner].map((word) => h("th", { scope: "col" }, word)))), h("tbody", {}, sops.map(row)))
    : h("div", { class: "empty card" }, h("h2", {}, words.noSops));
  fill(page, h("div", { class: "head" }, h("h1", {}, words.inSpace(name)), h("button", { type: "button", class: "primary", onclick: begin }, words.title)), said, list);
}

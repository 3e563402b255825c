/** One bundle for all places of the app in Confluence; where it stands decides what it shows. */

import { router, view } from "@forge/bridge";
import { notice } from "./ui/js/component.js";
import { fill, h } from "./ui/js/dom.js";
import { banner, byline } from "./standing.js";
import { dialog } from "./dialog.js";
import { space } from "./space.js";
import { words } from "./words.js";

const PLACES = { "sop-from-recording": dialog, "sop-space": space, "sop-byline": byline, "sop-overdue": banner };
const page = document.getElementById("page");

/** Links cannot leave the frame by themselves; Confluence opens them. */
document.addEventListener("click", (event) => {
  const anchor = event.composedPath().find((node) => node.localName === "a" && node.hasAttribute("href"));
  if (!anchor || event.defaultPrevented || !/^https?:/.test(anchor.href)) return;
  event.preventDefault();
  router.open(anchor.href);
});

async function start() {
  page.setAttribute("aria-busy", "true");
  try {
    const context = await view.getContext();
    const mode = context.theme?.colorMode;
    if (mode === "dark" || mode === "light") document.documentElement.dataset.theme = mode;
    await (PLACES[context.moduleKey] ?? dialog)(page, context);
  } catch (error) {
    if (!("status" in error)) console.error(error);
    fill(page, notice("danger", "status" in error ? error.message : words.unreachable, h("button", { type: "button", onclick: start }, words.retry)));
  }
  page.removeAttribute("aria-busy");
}

start();

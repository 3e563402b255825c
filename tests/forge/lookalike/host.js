/* The page around the app's frames: it opens them where Confluence would, and passes on what they ask. */

const facts = JSON.parse(document.getElementById("facts").textContent);
const frames = new Map();
// Whoever opened this page, also when somebody else opened another one in this browser since.
const who = encodeURIComponent(facts.context.accountId);

function frame(moduleKey, className) {
  const element = document.createElement("iframe");
  element.src = `${facts.app}/index.html?module=${moduleKey}`;
  element.className = className;
  element.title = moduleKey;
  element.allow = "camera; microphone; display-capture; fullscreen; clipboard-write";
  element.setAttribute("sandbox", "allow-downloads allow-forms allow-modals allow-pointer-lock allow-popups allow-popups-to-escape-sandbox allow-same-origin allow-scripts");
  frames.set(element, moduleKey);
  return element;
}

addEventListener("message", async ({ data, source, origin }) => {
  const element = [...frames.keys()].find((one) => one.contentWindow === source);
  if (!element || !data?.ask || origin !== new URL(facts.app).origin) return;
  const answer = await act(element, data.command, data.payload).then((value) => ({ value }), (error) => ({ error: String(error.message) }));
  source.postMessage({ answerTo: data.ask, ...answer }, origin);
});

async function act(element, command, payload) {
  const moduleKey = frames.get(element);
  if (command === "getContext") return { ...facts.context, moduleKey, theme: { colorMode: facts.theme }, locale: "en-US" };
  if (command === "invoke") {
    const answer = await fetch(`/forge-host/invoke?as=${who}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ moduleKey, page: facts.page, space: facts.space, ...payload }) });
    return answer.json();
  }
  if (command === "navigate") {
    window.open(payload.url, payload.type === "same-tab" ? "_self" : "_blank");
    return null;
  }
  if (command === "close") {
    close();
    return true;
  }
  throw new Error(`the look-alike knows no ${command}`);
}

const dialog = document.getElementById("app-dialog");
const more = document.getElementById("more");
const menu = document.getElementById("menu");

function close() {
  dialog.close();
}

dialog.addEventListener("close", () => {
  for (const element of dialog.querySelectorAll("iframe")) frames.delete(element);
  dialog.querySelector(".frame").replaceChildren();
  location.reload();
});
document.getElementById("close").addEventListener("click", close);
more.addEventListener("click", () => {
  menu.hidden = !menu.hidden;
  more.setAttribute("aria-expanded", String(!menu.hidden));
});
document.getElementById("create").addEventListener("click", () => {
  menu.hidden = true;
  dialog.querySelector(".frame").append(frame("sop-from-recording", "modal"));
  dialog.showModal();
});

/* What Confluence shows by itself, by the conditions of the manifest. */
if (facts.review) {
  const byline = document.getElementById("byline");
  byline.hidden = false;
  byline.textContent = facts.review.title ?? "SOP review";
  byline.addEventListener("click", () => {
    const popup = document.getElementById("popup");
    popup.hidden = !popup.hidden;
    if (!popup.hidden) popup.replaceChildren(frame("sop-byline", "popup"));
  });
  if (facts.review.state === "overdue") document.getElementById("banner").append(frame("sop-overdue", "banner"));
}
if (facts.place === "space") document.getElementById("content").append(frame("sop-space", "whole"));

/* Editing, as a colleague does it: the text becomes writable, and what was changed is saved as a new version. */
const edit = document.getElementById("edit");
const save = document.getElementById("save");
edit?.addEventListener("click", () => {
  for (const element of document.querySelectorAll("[data-edit]")) {
    element.contentEditable = "plaintext-only";
    element.dataset.before = element.textContent;
  }
  edit.hidden = true;
  save.hidden = false;
});
save?.addEventListener("click", async () => {
  const changes = [...document.querySelectorAll("[data-edit]")].filter((one) => one.dataset.before !== one.textContent).map((one) => ({ at: Number(one.dataset.at), text: one.textContent }));
  await fetch(`/forge-host/edit/${facts.page}?as=${who}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(changes) });
  location.reload();
});

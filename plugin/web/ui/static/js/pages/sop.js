/** One SOP: as it reads, its history, where it is published, its reviews, and who did what. */

import { failed, notice } from "../component.js";
import { ask, fill, h, icon } from "../dom.js";
import { clock, date, moment } from "../format.js";
import { link } from "../publish-link.js";
import { readSop } from "../reader.js";
import { reviewPanel } from "../review-panel.js";
import { may, pageHead, start, toast } from "../shell.js";
import { t, word } from "../strings.js";
import { reviewBadge, stateBadge } from "../state.js";

const TABS = ["read", "history", "publications", "reviews", "audit"];

start(async ({ page, api, me, data }) => {
  const path = `/sops/${encodeURIComponent(data.sopId)}`;
  const number = new URLSearchParams(location.search).get("revision");
  const sop = await api.get(number ? `${path}/revisions/${Number(number)}` : path);
  const { document: content, summary } = sop;
  const panel = h("div", { id: "panel", role: "tabpanel", tabindex: -1, class: "stack" });
  const author = may(me, "author");

  const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": t("sop.tabs") }, TABS.map((name) => h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel", onclick: () => open(name), onkeydown: (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) open(TABS[(TABS.indexOf(name) + by + TABS.length) % TABS.length], true);
  } }, t(`sop.tab.${name}`))));

  async function open(name, focus = false) {
    for (const tab of tabs.children) {
      const chosen = tab.id === `tab-${name}`;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      if (chosen && focus) tab.focus();
    }
    panel.setAttribute("aria-labelledby", `tab-${name}`);
    history.replaceState(null, "", location.pathname + location.search + (name === "read" ? "" : `#${name}`));
    try {
      await { read, history: revisions, publications, reviews, audit }[name]();
    } catch (error) {
      failed(panel, error, () => open(name));
    }
  }

  function read() {
    fill(panel, h("div", { class: "split" }, readSop(content, { api, sopId: data.sopId, host: document.body, onPlay: sop.recording_id && author ? play : null }), h("aside", {}, facts(), h("div", { class: "card stack tight", id: "player", hidden: true }))));
    const asked = new URLSearchParams(location.search).get("recording"); // a version's "Source recording" at the target leads here
    if (asked && author) shown(asked);
  }

  function facts() {
    const fact = (key, value) => (value ? [h("dt", {}, t(key)), h("dd", {}, value)] : []);
    const made = content.provenance ?? {};
    return h("section", { class: "card stack tight", "aria-label": t("sop.facts") }, h("dl", { class: "facts" },
      fact("sop.owner", summary.owner), fact("sop.review", summary.due || summary.review_state !== "current" ? reviewBadge(summary.review_state) : null), fact("sop.due", summary.due ? date(summary.due) : null), fact("field.area", content.area ? word("area", content.area) : null),
      fact("sop.changed", moment(summary.updated_at)), fact("sop.recorded", made.duration ? clock(made.duration) : null), fact("sop.model", made.speech_model), fact("sop.generator", made.generator)),
      summary.targets.length ? h("ul", { class: "bare small" }, summary.targets.map((where) => h("li", {}, h("span", { class: "muted" }, word("kind", where.kind)), " ", where.url ? link(where.url) : word("publication", where.state)))) : null);
  }

  function shown(recordingId) {
    const box = document.getElementById("player");
    const src = api.url(`/recordings/${encodeURIComponent(recordingId)}/media`);
    box.hidden = false;
    const there = box.querySelector("video");
    if (there?.getAttribute("src") === src) return there;
    const video = h("video", { controls: true, class: "wide-video", src, "aria-label": t("player.label") });
    video.addEventListener("error", () => fill(box, notice("warn", t("player.gone"))));
    fill(box, video);
    return video;
  }

  async function play(step) {
    const video = shown(sop.recording_id);
    const { start: from, end: until } = step.evidence;
    video.ontimeupdate = () => video.currentTime >= until && (video.pause(), (video.ontimeupdate = null));
    video.currentTime = from;
    await video.play().catch(() => {});
  }

  async function revisions() {
    const [{ items }, places] = await Promise.all([api.get(`${path}/revisions`), api.get(`${path}/publications`)]);
    const where = Object.fromEntries(places.items.map((one) => [one.id, one]));
    const versions = (revision) => Object.entries(revision.versions ?? {}).filter(([id]) => where[id]).map(([id, version]) => h("span", { class: "badge", title: `${where[id].place} ${version}` }, t("sop.version", { where: word("kind", where[id].kind), version: version.length > 12 ? version.slice(0, 8) : version })));
    fill(panel, h("ul", { class: "timeline card" }, items.map((revision, index) => h("li", {},
      h("div", {}, h("a", { href: `${path}?revision=${revision.number}` }, h("strong", {}, t("sop.revision", { n: revision.number }))), " ", h("span", { class: "badge" }, word("origin", revision.origin)), " ", revision.approved ? h("span", { class: "badge ok" }, t("approval.approved")) : null, " ", h("span", { class: "small muted" }, index === items.length - 1 ? "" : t(`change.${revision.kind}`)),
        revision.note ? h("p", {}, revision.note) : null, h("p", { class: "small muted" }, t("sop.by", { who: revision.author_name, when: moment(revision.created_at) }), " ", versions(revision))),
      h("div", { class: "row" }, items[index + 1] ? h("a", { class: "button small", href: `${path}/compare?from=${items[index + 1].number}&to=${revision.number}` }, t("sop.compare")) : null,
        index && author ? h("button", { type: "button", class: "small", onclick: () => restore(revision.number) }, t("sop.restore")) : null)))));
  }

  async function restore(revision) {
    if (!(await ask(document.body, { title: t("compare.restore", { n: revision }), text: t("compare.restore.text", { n: revision }), yes: t("compare.restore.yes"), no: t("action.cancel") }))) return;
    try {
      await api.post(`${path}/restore`, { revision });
      location.assign(path);
    } catch (error) {
      toast("danger", error.message);
    }
  }

  async function publications() {
    const { items } = await api.get(`${path}/publications`);
    if (!items.length) return fill(panel, h("div", { class: "empty" }, h("h2", {}, t("sop.unpublished.title")), author ? h("a", { class: "button primary", href: `${path}/publish` }, t("sop.publish")) : null));
    const kinds = { published: "ok", conflict: "warn", paused: "warn", rejected: "danger" };
    return fill(panel, h("ul", { class: "timeline card" }, items.map((one) => h("li", {},
      h("div", {}, h("strong", {}, word("kind", one.kind)), " ", one.place, " ", h("span", { class: `badge ${kinds[one.state] ?? ""}` }, word("publication", one.state)), one.message ? h("p", {}, one.message) : null,
        h("p", { class: "small muted" }, one.revision ? `${t("sop.revision", { n: one.revision })} · ` : "", one.published_at ? moment(one.published_at) : "")),
      h("div", {}, one.url ? link(one.url) : null)))));
  }

  async function reviews() {
    fill(panel, await reviewPanel({ api, path, me, reload: () => open("reviews") }));
  }

  async function audit() {
    const list = h("ul", { class: "timeline card" });
    const more = h("div", {});
    const entry = (event) => h("li", {}, h("div", {}, h("strong", {}, event.actor_name), " ", event.sentence), h("span", { class: "small muted number" }, [event.revision ? t("sop.revision", { n: event.revision }) : null, moment(event.at)].filter(Boolean).join(" · ")));
    const load = async (cursor) => {
      const { items, next_cursor: next } = await api.get(`${path}/audit${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`);
      list.append(...items.map(entry));
      fill(more, next ? h("button", { type: "button", onclick: () => load(next).catch((error) => failed(more, error)) }, t("library.more")) : null);
    };
    await load(null);
    fill(panel, list, more);
  }

  const actions = author ? [h("a", { class: "button", href: `/new?sop=${encodeURIComponent(data.sopId)}` }, icon("screen"), t("sop.again")), h("a", { class: "button", href: `${path}/edit` }, t("sop.edit")), h("a", { class: "button primary", href: `${path}/publish` }, t("sop.publish"))] : [];
  page.append(pageHead({ crumbs: [[t("nav.library"), "/"]], title: content.title || t("sop.untitled"), meta: [stateBadge(summary), h("span", {}, t("sop.revision", { n: sop.revision })), h("span", {}, t("sop.steps", { n: content.steps.length })), summary.owner ? h("span", {}, summary.owner) : null].filter(Boolean), actions }),
    ...(sop.newest ? [] : [notice("warn", t("sop.old"), h("a", { href: path }, t("sop.newest")))]),
    ...(sop.proposal_id ? [notice("info", t("sop.proposal"), h("a", { class: "button small", href: `${path}/compare?proposal=1` }, t("sop.proposal.look")))] : []), tabs, panel);
  addEventListener("hashchange", () => TABS.includes(location.hash.slice(1)) && open(location.hash.slice(1)));
  await open(TABS.includes(location.hash.slice(1)) ? location.hash.slice(1) : "read");
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
});

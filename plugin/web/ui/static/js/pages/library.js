/** The library: search, filters, the nine areas with their gaps, and the list, page by page. */

import { query } from "../api.js";
import { failed } from "../component.js";
import { fill, h, icon } from "../dom.js";
import { date } from "../format.js";
import { rich } from "../rich.js";
import { may, pageHead, start } from "../shell.js";
import { stateBadge } from "../state.js";
import { t, word } from "../strings.js";

const STATUSES = ["draft", "in review", "approved", "published", "retired"];
const FILTERS = ["query", "area", "status", "owner", "overdue", "target"];

start(async ({ page, api, me }) => {
  const state = Object.fromEntries(FILTERS.map((name) => [name, new URLSearchParams(location.search).get(name) ?? ""]));
  const list = h("div", { class: "stack tight", "aria-live": "polite" });
  const areas = h("section", { class: "stack tight", "aria-labelledby": "areas" });
  let templates = [];
  let counts = {};
  const described = Promise.all([api.get("/templates"), api.get("/sops/counts")]).then(([areaList, counted]) => {
    templates = areaList.items.filter((template) => template.name && template.name !== "default");
    counts = counted;
  });
  let running = null;

  const select = (name, label, options) => h("select", { "aria-label": label, onchange: (event) => change(name, event.target.value) },
    h("option", { value: "" }, label), options.map(([value, text]) => h("option", { value, selected: state[name] === value }, text)));

  const change = (name, value) => {
    state[name] = value;
    history.replaceState(null, "", location.pathname + query(state));
    showAreas();
    load();
  };

  async function load() {
    running?.abort();
    running = new AbortController();
    try {
      const answer = await api.get(`/sops${query(state)}`, { signal: running.signal });
      await described;
      showList(answer.items, answer.next_cursor);
    } catch (error) {
      if (error.name !== "AbortError") failed(list, error, load);
    }
  }

  function showList(items, cursor) {
    if (!items.length) return fill(list, empty());
    const rows = h("ul", { class: "list" }, items.map(row));
    fill(list, rows, cursor ? more(rows, cursor) : null);
  }

  function more(rows, cursor) {
    const button = h("button", { type: "button", onclick: async () => {
      button.disabled = true;
      const answer = await api.get(`/sops${query({ ...state, cursor })}`).catch((error) => failed(button.parentElement, error));
      if (!answer.items) return;
      rows.append(...answer.items.map(row));
      button.replaceWith(...(answer.next_cursor ? [more(rows, answer.next_cursor)] : []));
    } }, t("library.more"));
    return button;
  }

  function row(sop) {
    return h("li", {},
      h("a", { class: "title", href: `/sops/${encodeURIComponent(sop.id)}` }, sop.title ? rich(sop.title) : t("sop.untitled")),
      h("span", { class: "cell" }, areaTitle(sop.area)),
      h("span", { class: "cell" }, sop.owner ?? ""),
      h("span", { class: "cell state" }, stateBadge(sop)),
      h("span", { class: "about" }, [t("sop.steps", { n: sop.steps }), t("sop.revision", { n: sop.revision }), ...sop.targets.map((where) => word("kind", where.kind)), date(sop.updated_at), ...(sop.due && sop.status !== "retired" ? [t("review.due", { date: date(sop.due) })] : [])].join(" · ")));
  }

  function empty() {
    const filtered = FILTERS.some((name) => state[name]);
    if (filtered) return h("div", { class: "empty" }, h("h2", {}, t("library.nothing.title")), h("p", {}, t("library.nothing.text")), h("a", { class: "button", href: "/" }, t("library.clear")));
    return h("div", { class: "empty" }, h("h2", {}, t("library.empty.title")), h("p", {}, t("library.empty.text")),
      may(me, "author") ? h("a", { class: "button primary", href: "/new" }, icon("screen"), t("library.empty.button")) : null);
  }

  const areaTitle = (name) => templates.find((template) => template.name === name)?.title ?? (name ? word("area", name) : "");

  function showAreas() {
    if (!templates.length) return fill(areas);
    return fill(areas, h("h2", { id: "areas" }, t("library.areas")), h("ul", { class: "areas" }, templates.map(areaTile)));
  }

  function areaTile(template) {
    const count = counts.by_area?.[template.name] ?? 0;
    const chosen = state.area === template.name;
    const examples = template.examples?.slice(0, 3).join("; ");
    const words = examples ? t(count ? "library.area.typical" : "library.area.missing", { what: examples }) : count ? t("library.area.count", { n: count }) : t("library.area.none");
    return h("li", {}, h("button", { type: "button", class: "area", "aria-pressed": chosen ? "true" : "false", onclick: () => change("area", chosen ? "" : template.name) },
      h("span", { class: "name" }, template.title, h("span", { class: "number muted" }, String(count))), h("span", { class: "gap" }, words)));
  }

  let typing = 0;
  const search = h("input", { type: "search", id: "search", value: state.query, maxlength: 200, placeholder: t("library.search"), "aria-label": t("library.search"), oninput: (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => change("query", event.target.value.trim()), 220);
  } });
  const filters = h("div", { class: "filters", role: "search" }, h("div", { class: "search" }, icon("search"), search));
  fill(page, pageHead({ title: t("page.library") }), filters, list, areas);
  fill(list, h("div", { class: "skeleton" }), h("div", { class: "skeleton" }));

  await Promise.all([load(), described]);
  filters.append(
    select("area", t("library.filter.area"), templates.map((template) => [template.name, template.title])),
    select("status", t("library.filter.status"), STATUSES.map((status) => [status, word("status", status)])),
    select("target", t("library.filter.target"), ["confluence", "notion", "filesystem"].map((kind) => [kind, word("kind", kind)])),
    select("overdue", t("library.filter.due"), [["true", t("library.filter.overdue")]]),
    select("owner", t("library.filter.owner"), [["me", t("library.filter.mine")]]));
  showAreas();
  });

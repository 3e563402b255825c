/** The few words that go along with a recording; all of them may be left out. */

import { h } from "../dom.js";
import { t } from "../strings.js";

const LANGUAGES = ["", "en", "de", "fr", "es", "it", "nl", "pt", "pl", "ja", "zh"];

/** `{element, values}`; the areas come from the API of `component`, and the list stays short without them. */
export function form(component) {
  const title = h("input", { id: "title", maxlength: 200, placeholder: t("recorder.form.title.hint") });
  const language = h("select", { id: "language" }, LANGUAGES.map((code) => h("option", { value: code }, t(code ? `language.${code}` : "language.auto"))));
  const area = h("select", { id: "area" }, h("option", { value: "" }, t("recorder.form.area.none")));
  component.api.get("/templates").then((answer) => {
    for (const template of answer.items) if (template.name && template.name !== "default") area.append(h("option", { value: template.name }, template.title));
    area.value = component.getAttribute("area") ?? "";
  }).catch(() => {});
  const field = (control, key) => h("div", { class: "field" }, h("label", { for: control.id }, t(key)), control);
  const element = h("div", { class: "about" }, field(title, "recorder.form.title"), field(area, "recorder.form.area"), field(language, "recorder.form.language"));
  return {
    element,
    get values() {
      return { title: title.value.trim(), area: area.value, language: language.value, sop_id: component.getAttribute("sop-id") ?? "" };
    },
  };
}

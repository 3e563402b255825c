/** How a person is reminded: time zone, working days, hour, mail, chat. */

import { h } from "./dom.js";
import { t } from "./strings.js";

const MONDAY = Date.UTC(2024, 0, 1, 12);
const weekday = new Intl.DateTimeFormat("en", { weekday: "short", timeZone: "UTC" });

/** `me` is the person as the API gives it; `save(values)` sends what changed. */
export function reminderForm({ me, save }) {
  const zones = h("datalist", { id: "zones" }, Intl.supportedValuesOf("timeZone").map((zone) => h("option", { value: zone })));
  const zone = h("input", { id: "zone", value: me.time_zone, list: "zones", required: true, maxlength: 64, autocomplete: "off" });
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const hour = h("select", { id: "hour" }, Array.from({ length: 24 }, (_, at) => h("option", { value: at, selected: at === me.digest_hour }, `${String(at).padStart(2, "0")}:00`)));
  const days = Array.from({ length: 7 }, (_, at) => h("input", { type: "checkbox", value: at + 1, checked: me.working_days.includes(at + 1) }));
  const mail = h("input", { type: "checkbox", checked: me.mail });
  const chat = h("input", { id: "chat", type: "password", autocomplete: "off", maxlength: 2000, placeholder: t(me.chat ? "remind.chat.set" : "remind.chat.none") });
  const unset = h("input", { type: "checkbox" });
  const submit = (event) => {
    event.preventDefault();
    const values = { time_zone: zone.value, digest_hour: Number(hour.value), working_days: days.filter((day) => day.checked).map((day) => Number(day.value)), mail: mail.checked };
    if (chat.value || unset.checked) values.chat_url = unset.checked ? "" : chat.value;
    return save(values);
  };
  const field = (control, key, ...hints) => h("div", { class: "field" }, h("label", { for: control.id }, t(key)), control, hints);
  return h("form", { class: "stack tight", onsubmit: submit }, zones, h("div", { class: "cards" },
    field(zone, "remind.zone", here === me.time_zone ? null : h("button", { type: "button", class: "link small", onclick: () => (zone.value = here) }, t("remind.zone.here", { zone: here }))),
    field(hour, "remind.hour")),
    h("fieldset", {}, h("legend", {}, t("remind.days")), h("div", { class: "row" }, days.map((day, at) => h("label", { class: "choice" }, day, weekday.format(MONDAY + at * 86_400_000))))),
    h("label", { class: "choice" }, mail, t("remind.mail", { address: me.email })),
    field(chat, "remind.chat", h("span", { class: "hint" }, t("remind.chat.hint"))), me.chat ? h("label", { class: "choice" }, unset, t("remind.chat.remove")) : null,
    h("div", {}, h("button", {}, t("action.save"))));
}

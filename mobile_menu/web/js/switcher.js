// All products of this phone in a sheet: pick another, or add one.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { openSheet } from "./sheets.js";
import { t } from "./words.js";

/** current: the id of the open journey. onpick(id) is called for another one, onadd() for a new one. */
export function openJourneys(journeys, current, { onpick, onadd }) {
  const leave = (then) => () => { dialog.close(); then(); };
  const dialog = openSheet({
    title: t("products"),
    name: "switcher",
    body: [h("ul", { class: "journeys" }, journeys.map((journey) => h("li", {}, entry(journey, current, leave, onpick))))],
    foot: [h("button", { class: "button quiet wide", type: "button", onclick: leave(onadd) }, t("products.add"))],
  });
}

function entry(journey, current, leave, onpick) {
  const here = journey.id === current;
  const about = [t(`stage.${journey.stage}`), t(`role.${journey.role}`), journey.serial].filter(Boolean).join(" · ");
  return h("button", { class: "journey", type: "button", "aria-current": here ? "true" : null, onclick: leave(() => { if (!here) onpick(journey.id); }) },
    icon(journey.profile, "box"),
    h("span", { class: "texts" }, h("span", { class: "title" }, journey.model_name), h("span", { class: "detail" }, about)),
    icon(here ? "check" : "next"));
}

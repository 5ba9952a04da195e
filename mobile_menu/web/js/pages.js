// Pages without a menu: while one waits for it, and when there is none to show.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

export function waitingPage() {
  return h("div", { class: "waiting", role: "status" },
    h("span", { class: "unseen" }, t("loading")), h("div", { class: "bone tall" }), h("div", { class: "bone" }), h("div", { class: "bone" }));
}

/** key: `gone` or `error`, the words to take; button: the words of the way on. */
export function messagePage(key, button, onclick) {
  return h("div", { class: "start" },
    h("div", { class: "start-art", "aria-hidden": "true" }, icon(key === "gone" ? "link" : "cloud")),
    h("h1", {}, t(`${key}.title`)),
    h("p", { class: "large" }, t(`${key}.text`)),
    h("div", { class: "actions" }, h("button", { class: "button", type: "button", onclick }, button)));
}

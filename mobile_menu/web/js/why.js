// "Why do I see this?": the conditions behind one item, in plain sentences.

import { plain } from "./because.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { openSheet } from "./sheets.js";
import { t } from "./words.js";

/** language: of the item's own words. */
export function openWhy(item, language) {
  const conditions = (item.because ?? []).filter((condition) => condition !== "always");
  const sentences = [...new Set(conditions.map(plain))];
  openSheet({
    title: t("why"),
    name: "why-sheet",
    body: [
      h("p", { class: "why-title", lang: language }, icon(item.icon, item.kind), item.title),
      h("p", { class: "large" }, t(sentences.length ? "why.lead" : "why.none")),
      h("ul", { class: "reasons" }, sentences.map((sentence) => h("li", {}, icon("check"), sentence))),
      sentences.length ? h("p", { class: "quiet-text" }, t("why.foot")) : null,
    ].filter(Boolean),
  });
}

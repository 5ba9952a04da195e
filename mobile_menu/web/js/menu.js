// The menu as it lies on the page: throughline, status, sections. Made once, then changed in place by key.

import { createFinish, createRing, finishes, tally, updateRing } from "./checklist.js";
import { announce, gently, h, keyed, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { createItem, updateItem } from "./items.js";
import { news } from "./progress.js";
import { direction, language, moment, t } from "./words.js";

const STAGES = ["interested", "engaged", "delivery", "install", "support"];

/** The menu's place on the page. handlers: {onchoose(item), onwhy(item), onanswer(item, choice)}. show(menu, freshness) fills and changes it. */
export function createMenuView(handlers) {
  const title = h("h1", { class: "menu-title" });
  const line = h("ol", { class: "line" }, STAGES.map((stage) => h("li", { "data-stage": stage }, h("span", { class: "knot" }), h("span", { class: "label" }))));
  const status = createStatus();
  const sections = h("div", { class: "sections" });
  const side = h("div", { class: "side" }, h("nav", { class: "line-box" }, line), title, status.root);
  const body = h("div", { class: "menu-body" }, sections);
  const root = h("div", { class: "menu" }, side, body);
  let shown = null;
  let spoken = "";
  let finish = null;

  function show(menu, freshness) {
    setText(title, menu.title);
    setAttribute(root, "lang", menu.language);
    setAttribute(root, "dir", direction(menu.language));
    setAttribute(root, "data-stage", menu.stage);
    updateLine(line, menu.stage);
    status.update(menu.status, menu.stage, freshness);
    if (finishes(shown, menu)) celebrate();
    if (shown?.etag !== menu.etag || shown?.language !== menu.language || shown?.journey !== menu.journey || spoken !== language()) {
      gently(sections, () => updateSections(sections, menu.sections, handlers));
      if (shown?.journey === menu.journey) tell(shown, menu);
    }
    shown = menu;
    spoken = language();
  }

  /** The set-up is done: said above the menu until it is put away. */
  function celebrate() {
    finish?.remove();
    finish = createFinish(() => { finish.remove(); finish = null; document.getElementById("main").focus({ preventScroll: true }); });
    body.prepend(finish);
  }
  return { root, side, show };
}

function updateLine(line, stage) {
  const at = STAGES.indexOf(stage);
  const name = t(`stage.${stage}`);
  setAttribute(line.parentElement, "aria-label", at < 0 ? t("stage.ended") : t("stage.all", { stage: name, n: at + 1, of: STAGES.length }));
  setAttribute(line, "lang", language());
  setAttribute(line, "dir", direction(language()));
  [...line.children].forEach((li, index) => {
    setAttribute(li, "class", at < 0 || index > at ? "ahead" : index === at ? "current" : "past");
    setAttribute(li, "aria-current", index === at ? "step" : null);
    setText(li.lastChild, t(`stage.${STAGES[index]}`));
  });
}

function createStatus() {
  const glyph = h("span", { class: "status-glyph" });
  const text = h("p", { class: "status-text" });
  const since = h("p", { class: "status-since" });
  const pulse = h("span", { class: "pulse" }, h("span", { class: "pulse-dot" }), h("span"));
  const level = h("p", { class: "status-level" });
  const root = h("section", { class: "status" }, h("div", { class: "status-words" }, h("div", { class: "status-row" }, level, pulse), text, since), glyph);

  function update(status, stage, freshness) {
    setAttribute(root, "data-level", status.level);
    setAttribute(root, "aria-label", t("status", { text: status.text }));
    // On its way is a parcel: that it is "working" would be said of a machine.
    setText(level, stage === "delivery" && status.level === "busy" ? "" : t(`level.${status.level}`));
    level.hidden = !level.textContent;
    setText(text, status.text);
    setText(since, status.since ? t("since", { time: moment(status.since) }) : "");
    since.hidden = !status.since;
    root.hidden = !status.text;
    setAttribute(pulse, "data-fresh", freshness);
    setText(pulse.lastChild, t({ up: "live", waiting: "waiting", down: "old" }[freshness]));
    if (glyph.dataset.level !== status.level) {
      glyph.dataset.level = status.level;
      glyph.replaceChildren(icon(status.level === "none" ? "dot" : status.level, "dot"));
    }
  }
  return { root, update };
}

function updateSections(root, sections, handlers) {
  const lead = sections[0]?.items.find((item) => item.done !== true)?.id;
  keyed(root, sections, (section) => section.id,
    () => h("section", { class: "section" }, h("div", { class: "section-top" }, h("h2"), createRing()), h("ul", { class: "items" })),
    (node, section) => {
      const first = section === sections[0];
      node.classList.toggle("first", first);
      const [top, list] = node.children;
      setText(top.firstChild, section.title);
      updateRing(top.lastChild, tally(section));
      keyed(list, section.items, (item) => item.id, () => createItem(handlers), (li, item) => updateItem(li, item, first && item.id === lead));
    });
}

/** Says what changed to somebody who cannot see it: the status first, then what now leads. */
function tell(was, now) {
  const said = [];
  if (was.status.text !== now.status.text) said.push(t("status", { text: now.status.text }));
  const lead = (menu) => menu.sections[0]?.items.find((item) => item.done !== true);
  if (lead(now) && lead(was)?.id !== lead(now).id) said.push(t("changed", { title: lead(now).title }));
  const before = new Map(was.sections.flatMap((section) => section.items).map((item) => [item.id, item]));
  said.push(...now.sections.flatMap((section) => section.items).map((item) => news(before.get(item.id), item)).filter(Boolean));
  if (said.length) announce(said.join(" "));
}

// A guide as a sheet: one step at a time, with its picture, by finger, swipe or key. It knows when its item has left the
// menu, and asks at its end whether it helped.

import { h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { openSheet } from "./sheets.js";
import { swiped } from "./swipe.js";
import { direction, t } from "./words.js";

/**
 * Opens the guide. handlers: onfinish(item), when the last step of a checklist's line is done; onanswer(item, helped),
 * which resolves once the service knows; onexpert(item). Returns {id, dialog, update(item, status)}.
 */
export function openGuide(first, handlers) {
  let item = first;
  let at = 0;
  const asks = typeof item.done !== "boolean" && item.action?.method === "POST";
  const bars = h("div", { class: "bars", "aria-hidden": "true" });
  const count = h("p", { class: "count" });
  const spoken = document.querySelector(".menu")?.lang;
  const text = h("p", { class: "step-text", lang: spoken, dir: direction(spoken) });
  const figure = h("div", { class: "figure", "aria-hidden": "true" });
  const solved = h("div", { class: "solved", role: "status", hidden: true }, icon("check"), h("p"));
  const step = h("div", { class: "step", "aria-live": "polite" }, count, text);
  const end = h("div", { class: "helped", hidden: true });
  const back = h("button", { class: "button quiet", type: "button", onclick: () => go(at - 1) }, t("back"));
  const next = h("button", { class: "button", type: "button", onclick: () => go(at + 1) }, t("next"));
  const dialog = openSheet({ title: item.title, name: "guide", reads: true, body: [bars, solved, figure, step, end], foot: [back, next] });
  const mirrored = () => getComputedStyle(dialog).direction === "rtl";
  dialog.addEventListener("keydown", (event) => {
    if (!["ArrowRight", "ArrowLeft"].includes(event.key) || !end.hidden) return;
    const onwards = (event.key === "ArrowRight") !== mirrored();
    if (!onwards || at < item.steps.length - 1) go(at + (onwards ? 1 : -1));
  });
  swiped(dialog.querySelector(".sheet-body"), (towards) => {
    const onwards = (towards === "left") !== mirrored();
    if (end.hidden && (!onwards || at < item.steps.length - 1)) go(at + (onwards ? 1 : -1));
  });

  function go(to) {
    if (to < item.steps.length) {
      at = Math.max(0, to);
      draw();
    } else if (asks && solved.hidden) {
      ask();
    } else {
      dialog.close();
      if (solved.hidden) handlers.onfinish(item);
    }
  }

  function draw() {
    const of = item.steps.length;
    if (bars.children.length !== of) bars.replaceChildren(...item.steps.map(() => h("span")));
    [...bars.children].forEach((bar, index) => bar.classList.toggle("reached", index <= at));
    setText(count, t("step", { n: at + 1, of }));
    setText(text, item.steps[at].text);
    show(figure, item, at);
    if (at === 0 && document.activeElement === back) next.focus();
    back.disabled = at === 0;
    setText(next, at === of - 1 ? t("done") : t("next"));
  }

  /** The steps make room for the question; `again` brings them back. */
  function ask(asking = true) {
    for (const part of [figure, step, dialog.querySelector(".sheet-foot")]) part.hidden = asking;
    end.hidden = !asking;
    if (!asking) { go(0); next.focus(); return; }
    end.replaceChildren(...question({ item, close: () => dialog.close(), again: () => ask(false), ...handlers }));
    end.querySelector("h3").focus();
  }

  draw();
  return {
    id: first.id,
    dialog,
    /** The menu changed: `now` is the item as it is, or undefined when it is gone; status: the new status line. */
    update(now, status) {
      solved.hidden = Boolean(now);
      if (!now) setText(solved.lastChild, `${t("guide.gone")} ${t("guide.now", { text: status.text })}`);
      if (!now?.steps?.length) return;
      item = now;
      at = Math.min(at, item.steps.length - 1);
      setText(dialog.querySelector("h2"), item.title);
      draw();
    },
  };
}

/** The step's picture in the place that is kept for one. A guide without any shows its own drawing. */
function show(figure, item, at) {
  const pictured = item.steps.some((one) => one.picture);
  const source = item.steps[at].picture;
  const shows = source || (pictured ? "none" : item.icon);
  if (figure.dataset.shows === shows) return;
  figure.dataset.shows = shows;
  figure.classList.toggle("plain", !pictured);
  const drawing = () => h("div", { class: "drawing" }, icon(item.icon, item.kind));
  const picture = source ? h("img", { src: source, alt: "", draggable: "false" }) : drawing();
  // The words say it all: a picture that does not come leaves no hole.
  picture.addEventListener("error", () => picture.replaceWith(drawing()), { once: true });
  figure.replaceChildren(picture);
  const following = item.steps[at + 1]?.picture;
  if (following) new Image().src = following;
}

/** "Did that help?", and what follows from the answer. */
function question({ item, close, again, onanswer, onexpert }) {
  const title = h("h3", { tabindex: "-1" }, t("helped.ask"));
  const yes = h("button", { class: "button", type: "button" }, t("helped.yes"));
  const no = h("button", { class: "button quiet", type: "button" }, t("helped.no"));
  const choices = h("div", { class: "actions" }, no, yes);
  const more = h("div", { class: "helped-more", hidden: true },
    h("p", {}, t("helped.sorry")),
    h("button", { class: "button wide", type: "button", onclick: () => { close(); onexpert(item); } }, t("helped.expert")),
    h("button", { class: "button quiet wide", type: "button", onclick: again }, t("helped.again")));
  yes.addEventListener("click", () => { close(); onanswer(item, true); });
  no.addEventListener("click", () => {
    choices.hidden = true;
    more.hidden = false;
    setText(title, t("helped.sorry.title"));
    title.focus();
    onanswer(item, false);
  });
  return [h("div", { class: "helped-glyph", "aria-hidden": "true" }, icon("help")), title, choices, more];
}

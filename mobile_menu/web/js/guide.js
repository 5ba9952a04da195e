// A guide as a sheet: one step at a time, by finger or by key; it knows when its item has left the menu.

import { h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { openSheet } from "./sheets.js";
import { t } from "./words.js";

/** Opens the guide. onfinish() is called when the last step is done. Returns {update(item, status), close}. */
export function openGuide(first, onfinish) {
  let item = first;
  let at = 0;
  const bars = h("div", { class: "bars", "aria-hidden": "true" });
  const count = h("p", { class: "count" });
  const text = h("p", { class: "step-text", lang: document.querySelector(".menu")?.lang });
  const solved = h("div", { class: "solved", role: "status", hidden: true }, icon("check"), h("p"));
  const stage = h("div", { class: "step", "aria-live": "polite" }, count, text);
  const back = h("button", { class: "button quiet", type: "button", onclick: () => go(at - 1) }, t("back"));
  const next = h("button", { class: "button", type: "button", onclick: () => go(at + 1) }, t("next"));
  const dialog = openSheet({
    title: item.title,
    name: "guide",
    body: [bars, solved, h("div", { class: "picture" }, icon(item.icon, item.kind)), stage],
    foot: [back, next],
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight" && at < item.steps.length - 1) go(at + 1);
    if (event.key === "ArrowLeft") go(at - 1);
  });

  function go(to) {
    if (to >= item.steps.length) {
      dialog.close();
      if (solved.hidden) onfinish(item);
      return;
    }
    at = Math.max(0, to);
    draw();
  }

  function draw() {
    const of = item.steps.length;
    if (bars.children.length !== of) bars.replaceChildren(...item.steps.map(() => h("span")));
    [...bars.children].forEach((bar, index) => bar.classList.toggle("reached", index <= at));
    setText(count, t("step", { n: at + 1, of }));
    setText(text, item.steps[at].text);
    if (at === 0 && document.activeElement === back) next.focus();
    back.disabled = at === 0;
    setText(next, at === of - 1 ? t("done") : t("next"));
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

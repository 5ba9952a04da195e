// A checklist's place at the head of its section: a ring that fills as steps are done, and the moment when all are.

import { h, prefersCalm, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

const SPACE = "http://www.w3.org/2000/svg";
const ROUND = 100; // the ring's length, by pathLength

/** Steps of a section that can be ticked: {done, of}; of is 0 when it is no checklist. */
export function tally(section) {
  const steps = section.items.filter((item) => typeof item.done === "boolean");
  return { done: steps.filter((item) => item.done).length, of: steps.length > 1 ? steps.length : 0 };
}

export function createRing() {
  const svg = document.createElementNS(SPACE, "svg");
  svg.setAttribute("viewBox", "0 0 40 40");
  for (const name of ["ring-ground", "ring-done"]) {
    const circle = document.createElementNS(SPACE, "circle");
    for (const [key, value] of [["class", name], ["cx", 20], ["cy", 20], ["r", 17], ["pathLength", ROUND]]) circle.setAttribute(key, value);
    svg.append(circle);
  }
  svg.setAttribute("class", "ring");
  svg.setAttribute("aria-hidden", "true");
  return h("div", { class: "tally" }, svg, h("p"));
}

export function updateRing(root, { done, of }) {
  root.hidden = of === 0;
  if (!of) return;
  const share = Math.round((done / of) * ROUND);
  root.firstChild.lastChild.style.strokeDasharray = `${share} ${ROUND}`;
  root.classList.toggle("full", done === of);
  setText(root.lastChild, t("progress", { n: done, of }));
}

/** A step was ticked while somebody looked: its sign is drawn once more, by hand as it were. */
export function ticked(li) {
  if (prefersCalm()) return;
  li.classList.remove("just-ticked");
  void li.offsetWidth; // begins the animation anew
  li.classList.add("just-ticked");
  li.addEventListener("animationend", () => li.classList.remove("just-ticked"), { once: true });
}

/** All is set up: said once, at the top of the page, until it is put away or another menu has come and gone. */
export function createFinish(onclose) {
  const close = h("button", { class: "round", type: "button", "aria-label": t("close"), onclick: onclose }, icon("close"));
  const root = h("section", { class: "finish", role: "status" },
    h("div", { class: "finish-glyph", "aria-hidden": "true" }, icon("check"), ...Array.from({ length: 8 }, () => h("i"))),
    h("div", { class: "finish-words" }, h("h2", {}, t("finish.title")), h("p", {}, t("finish.text"))), close);
  setAttribute(root, "data-calm", prefersCalm() ? "true" : null);
  return root;
}

/** Whether the set-up has just ended, going from one menu to the next. */
export function finishes(was, now) {
  if (!was || was.journey !== now.journey || was.stage !== "install") return false;
  const left = (menu) => menu.sections.flatMap((section) => section.items).filter((item) => item.done === false).length;
  return now.stage === "support" || (left(was) > 0 && left(now) === 0 && now.sections.some((section) => tally(section).of > 0));
}

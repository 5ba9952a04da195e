// A survey on its card: one tap answers it. Faces for five choices, a scale for more; arrow keys walk along it.

import { h, keyed, setAttribute, setText } from "./dom.js";
import { t } from "./words.js";

const SHORT = 3;

/** How the mouth and the eyes of a face go, from very bad to very good. */
const FACES = ["M8 17q4-4.5 8 0", "M8.5 16.5q3.5-2.5 7 0", "M8.5 16h7", "M8.5 15q3.5 3 7 0", "M8 14.5q4 5.5 8 0"];

/** An empty group of choices. onanswer(item, choice) resolves when the service knows; it rejects when it does not. */
export function createSurvey(onanswer) {
  const group = h("div", { class: "survey", role: "radiogroup" });
  const thanks = h("p", { class: "survey-thanks", role: "status", hidden: true });
  const root = h("div", { class: "survey-box" }, group, h("div", { class: "survey-ends", "aria-hidden": "true" }, h("span"), h("span")), thanks);
  let item = null;
  group.addEventListener("keydown", (event) => walk(group, event));
  group.addEventListener("click", async (event) => {
    const chosen = event.target.closest("[role=radio]");
    if (!chosen || group.getAttribute("aria-disabled") === "true") return;
    point(group, chosen, true);
    setAttribute(group, "aria-disabled", "true");
    try {
      await onanswer(item, chosen.value);
      thanks.hidden = false;
      setText(thanks, t("survey.thanks"));
    } catch {
      setAttribute(group, "aria-disabled", null);
      point(group, chosen, false);
    }
  });

  function update(now) {
    item = now;
    const style = styleOf(now.choices);
    setAttribute(group, "aria-label", now.title);
    setAttribute(group, "data-style", style);
    keyed(group, now.choices, (choice) => choice.value, createChoice, (node, choice) => updateChoice(node, choice, style, now.choices.indexOf(choice)));
    if (!group.querySelector("[tabindex='0']")) group.firstElementChild?.setAttribute("tabindex", "0");
    const [low, high] = root.children[1].children;
    root.children[1].hidden = style === "words";
    setText(low, endOf(now.choices[0]));
    setText(high, endOf(now.choices.at(-1)));
  }
  return { root, update };
}

function styleOf(choices) {
  if (choices.length > 5 && choices.every((choice) => choice.value.length <= SHORT)) return "scale";
  return choices.length === FACES.length ? "faces" : "words";
}

/** What an end of the scale means: of `0, not at all` all but the number. */
function endOf(choice) {
  return choice.label.replace(/^\d+\W+/u, "");
}

function createChoice(choice) {
  return h("button", { class: "choice", type: "button", role: "radio", "aria-checked": "false", tabindex: "-1", value: choice.value });
}

/** A number or a face shows, and the label is said; else both are one. */
function updateChoice(node, choice, style, number) {
  setAttribute(node, "aria-label", style !== "words" && choice.label !== choice.value ? choice.label : null);
  if (style !== "faces") setText(node, style === "scale" ? choice.value : choice.label);
  else if (!node.firstChild) node.append(face(number));
}

function face(number) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [name, value] of [["viewBox", "0 0 24 24"], ["class", "icon face"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  for (const d of ["M2.5 12a9.5 9.5 0 1 0 19 0a9.5 9.5 0 1 0-19 0", "M9 9.2v.6M15 9.2v.6", FACES[number]]) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** Arrows move along, and choose nothing yet: an answer is given by a tap, Enter or the space bar. */
function walk(group, event) {
  const radios = [...group.children];
  const mirrored = getComputedStyle(group).direction === "rtl";
  const by = { ArrowRight: mirrored ? -1 : 1, ArrowLeft: mirrored ? 1 : -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
  const to = event.key === "Home" ? 0 : event.key === "End" ? radios.length - 1 : by && radios.indexOf(document.activeElement) + by;
  if (to === undefined) return;
  event.preventDefault();
  const next = radios[(to + radios.length) % radios.length];
  radios.forEach((radio) => radio.setAttribute("tabindex", radio === next ? "0" : "-1"));
  next.focus();
}

function point(group, chosen, checked) {
  for (const radio of group.children) {
    setAttribute(radio, "aria-checked", String(checked && radio === chosen));
    setAttribute(radio, "tabindex", radio === chosen ? "0" : "-1");
  }
}

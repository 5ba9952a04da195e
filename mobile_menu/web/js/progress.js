// How far a command has come, on the card of its item: on its way, at work, done, or why not.

import { h, setAttribute, setText } from "./dom.js";
import { t } from "./words.js";

const UNDER_WAY = ["queued", "sent", "accepted", "running"];

/** Whether the item's command is under way: choosing it again would change nothing. */
export function isUnderWay(item) {
  return UNDER_WAY.includes(item.progress?.state);
}

export function createProgress() {
  const bar = h("div", { class: "progress-bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, h("div"));
  return h("div", { class: "progress-box" }, bar, h("p", { class: "progress-text" }), h("p", { class: "progress-hint" }));
}

/** progress: {state, percent, text} of the item. */
export function updateProgress(root, item) {
  const { state, percent, text } = item.progress;
  const [bar, words, hint] = root.children;
  root.dataset.state = state;
  const known = Number.isFinite(percent) ? Math.max(0, Math.min(100, percent)) : null;
  bar.hidden = !UNDER_WAY.includes(state);
  bar.classList.toggle("unknown", known === null);
  setAttribute(bar, "aria-label", item.title);
  setAttribute(bar, "aria-valuenow", known);
  setAttribute(bar, "aria-valuetext", text || t(`command.${state}`));
  bar.firstChild.style.inlineSize = known === null ? "" : `${known}%`;
  setText(words, text || t(`command.${state}`));
  setText(hint, state === "failed" ? t("command.what") : state === "queued" ? t("command.queued.hint") : "");
  hint.hidden = !hint.textContent;
}

/** What a screen reader is told when a command has come further; empty when there is no news. */
export function news(was, now) {
  if (!now.progress || was?.progress?.state === now.progress.state) return "";
  return `${now.title}: ${now.progress.text || t(`command.${now.progress.state}`)}`;
}

// How the customer wants the page to look and read: kept on this phone, told to nobody, and worn by the document at once.

import { store } from "./store.js";

export const THEMES = ["light", "dark"];
export const TEXTS = ["large", "largest"];

/** Makes the document look as it was chosen to; what was not chosen is as the phone has it. */
export function wear() {
  const root = document.documentElement;
  set(root, "theme", THEMES.includes(store.theme) ? store.theme : null);
  set(root, "text", TEXTS.includes(store.text) ? store.text : null);
  for (const tag of document.querySelectorAll("meta[name=theme-color]")) {
    // The browser's own bar: of the page's colour, whichever of the two tags it reads.
    tag.dataset.own ??= tag.content;
    tag.content = tag.dataset.own;
  }
  if (root.dataset.theme) {
    const ground = getComputedStyle(document.body).backgroundColor;
    for (const tag of document.querySelectorAll("meta[name=theme-color]")) tag.content = ground;
  }
}

function set(root, name, value) {
  if (value) root.dataset[name] = value;
  else delete root.dataset[name];
}

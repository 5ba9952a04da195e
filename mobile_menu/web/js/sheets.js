// What lies over the page for a moment: sheets (dialogs that hold the focus), questions, and toasts.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

const TOAST_MS = 5000;
let number = 0;

/**
 * Opens a sheet with `body` and `foot` (lists of nodes). reads: the body holds nothing but text and pictures, so that it
 * takes the focus itself, to be scrolled by keys. Returns the dialog; its `close()` gives the focus back.
 */
export function openSheet({ title, body, foot = [], name, reads = false, onclose = () => {} }) {
  number += 1;
  const heading = h("h2", { id: `sheet-${number}`, tabindex: "-1", dir: "auto" }, title);
  const closing = h("button", { class: "round", type: "button", "aria-label": t("close"), onclick: () => dialog.close() }, icon("close"));
  const dialog = h("dialog", { class: `sheet ${name}`, "aria-labelledby": heading.id },
    h("div", { class: "sheet-top" }, heading, closing),
    h("div", { class: "sheet-body", tabindex: reads ? "0" : null }, body),
    foot.length ? h("div", { class: "sheet-foot" }, foot) : null);
  const before = document.activeElement;
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => {
    dialog.remove();
    onclose();
    // What opened it may have gone meanwhile: the focus then goes to the sheet below, or to the page, not to nowhere.
    const back = before?.isConnected ? before : document.getElementById(before?.id ?? "");
    if (back && back !== document.body) back.focus({ preventScroll: true });
    else ([...document.querySelectorAll("dialog[open] h2")].at(-1) ?? document.getElementById("main")).focus({ preventScroll: true });
  });
  document.body.append(dialog);
  dialog.showModal();
  heading.focus();
  return dialog;
}

export function closeSheets() {
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
}

/** Asks before something is done. Resolves to true or false; to "also" when that was chosen, if it is offered. */
export function ask(question, { title, yes = t("yes"), no = t("cancel"), also = "", danger = false }) {
  return new Promise((resolve) => {
    let answer = false;
    const dialog = openSheet({
      title,
      name: "ask",
      body: [h("p", { class: "large" }, question)],
      foot: [
        h("button", { class: "button quiet", type: "button", onclick: () => dialog.close() }, no),
        also ? h("button", { class: "button danger", type: "button", onclick: () => { answer = "also"; dialog.close(); } }, also) : null,
        h("button", { class: `button ${danger ? "danger" : ""}`, type: "button", onclick: () => { answer = true; dialog.close(); } }, yes),
      ],
      onclose: () => resolve(answer),
    });
  });
}

let latest = null;

/** Takes the toast away that is still shown. */
export function hush() {
  latest?.remove();
  latest = null;
}

/** Says a result for some seconds, above whatever is open; it takes the place of the one before. level: ok or error. */
export function toast(text, level = "ok") {
  hush();
  const host = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  const note = h("div", { class: `toast ${level}`, role: level === "error" ? "alert" : "status" }, icon(level === "error" ? "alert" : "check"), h("span"));
  host.append(note);
  latest = note;
  // The words come after the place for them, so that a screen reader sees them arrive.
  requestAnimationFrame(() => { note.lastChild.textContent = text; });
  setTimeout(() => { note.remove(); if (latest === note) latest = null; }, TOAST_MS);
  // A sheet that closes takes its toast along; what is still to be read moves to the page.
  if (host !== document.body) host.addEventListener("close", () => { if (latest === note) document.body.append(note); }, { once: true });
}

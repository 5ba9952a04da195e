// Asking for what the phone guards: only after a tap, and after saying what it is for; a refusal leaves another way.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { openSheet } from "./sheets.js";
import { t } from "./words.js";

/**
 * Says what a permission is for, and resolves to whether the customer wants to be asked by the phone. name: camera,
 * geolocation, notifications. Where the phone has granted it before, nothing is said, as nothing will be asked.
 */
export async function explained(name, glyph) {
  if (await stateOf(name) === "granted") return true;
  return new Promise((resolve) => {
    let wanted = false;
    const dialog = openSheet({
      title: t(`permit.${name}.title`),
      name: "permit",
      body: [h("div", { class: "picture small" }, icon(glyph)), h("p", { class: "large" }, t(`permit.${name}.text`)), h("p", { class: "quiet-text" }, t(`permit.${name}.else`))],
      foot: [
        h("button", { class: "button quiet", type: "button", onclick: () => dialog.close() }, t("permit.no")),
        h("button", { class: "button", type: "button", onclick: () => { wanted = true; dialog.close(); } }, t("permit.yes")),
      ],
      onclose: () => resolve(wanted),
    });
  });
}

/** granted, denied or prompt; prompt also where the browser does not tell. */
export async function stateOf(name) {
  const status = await navigator.permissions?.query({ name }).catch(() => null);
  return status?.state ?? "prompt";
}

// "Stand next to it": an item that acts on the product asks for the phone to be beside it, and goes on once it is.

import { Problem } from "./api.js";
import { complain } from "./complain.js";
import { h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { openSheet } from "./sheets.js";
import { t } from "./words.js";

/** Whether the service wants the phone beside the product: it has no proof of that, or has used it up. */
export function lacksProof(error) {
  return error instanceof Problem && ["proof_needed", "proof_used"].includes(error.code);
}

/**
 * refusal: what the service said; again() tries once more, and rejects while the proof is missing. Returns {dialog,
 * update()}: the menu has changed.
 */
export function openNearby(item, refusal, again) {
  const waiting = (error) => t(error.code === "proof_used" ? "err.proof_used" : "near.waiting");
  const state = h("p", { class: "nearby-state", role: "status" }, waiting(refusal));
  const go = h("button", { class: "button wide", type: "button", onclick: () => attempt(true) }, t("near.again"));
  let busy = false;
  const dialog = openSheet({
    title: t("near.title"),
    name: "nearby",
    reads: true,
    body: [
      h("div", { class: "nearby-art", "aria-hidden": "true" }, h("i"), h("i"), icon(item.icon, item.kind)),
      h("p", { class: "large" }, t("near.text", { title: item.title })),
      h("p", { class: "quiet-text" }, t("near.how")),
      state,
    ],
    foot: [go],
  });

  /** asked: by a tap, and so with a word about what came of it. */
  async function attempt(asked) {
    if (busy || !dialog.open) return;
    busy = true;
    try {
      await again();
      dialog.close();
    } catch (error) {
      if (lacksProof(error)) {
        if (asked) setText(state, error.code === "proof_used" ? waiting(error) : t("near.not.yet"));
      } else {
        dialog.close();
        complain(error);
      }
    } finally {
      busy = false;
    }
  }
  return { dialog, update: () => attempt(false) };
}

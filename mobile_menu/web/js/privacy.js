// The customer's data: take everything, or leave. Leaving wipes the service first, then this phone.

import { emailCard, phonesCard } from "./account.js";
import { api } from "./api.js";
import { busy, download, h } from "./dom.js";
import { held } from "./held.js";
import { icon } from "./icons.js";
import { ask, openSheet, toast } from "./sheets.js";
import { store } from "./store.js";
import { t } from "./words.js";

/**
 * onleaving() comes before the service is asked, onleft(receipt) when all is wiped, onstayed() when it failed;
 * onsignout() when this phone was signed out. title, name: the sheet's; before: cards that stand before those of the data.
 */
export function openPrivacy({ onleaving, onleft, onstayed, onsignout, complain, title = t("privacy"), name = "privacy", before = [] }) {
  const take = h("button", { class: "button quiet wide", type: "button" }, t("privacy.export.go"));
  const leave = h("button", { class: "button danger wide", type: "button" }, t("privacy.leave.go"));
  take.addEventListener("click", () => busy(take, async () => {
    download("my-data.json", await api.export());
    toast(t("privacy.exported"));
  }, complain));
  leave.addEventListener("click", async () => {
    if (await surelyLeave(t("privacy.leave"))) await eraseAll();
  });
  const eraseAll = () => erase(leave, { onleaving, onleft, onstayed, complain });
  const data = () => [
    before.length ? h("h3", { class: "part" }, t("privacy")) : null,
    h("p", { class: "large" }, t("privacy.text")),
    emailCard(complain),
    phonesCard({ complain, onsignout, onerase: eraseAll }),
    h("section", { class: "card" }, h("h3", {}, icon("firmware"), t("privacy.export")), h("p", {}, t("privacy.export.text")), take),
    h("section", { class: "card" }, h("h3", {}, icon("leave"), t("privacy.leave")), h("p", {}, t("privacy.leave.text")), leave),
  ].filter(Boolean);
  const dialog = openSheet({
    title,
    name,
    body: [
      ...before,
      ...(held.now || !before.length ? data() : []), // Without a session we hold nothing.
    ],
  });
  return dialog;
}

/** Asks whether it is meant: question, or the page's own one. Resolves to whether it is. */
export function surelyLeave(title, question = "") {
  return ask(question || t("privacy.leave.sure"), { title, yes: t("privacy.leave.yes"), no: t("privacy.leave.no"), danger: true });
}

/** Erases everything: at the service first, then on this phone. button: what was tapped; parts: those of openPrivacy. */
export function erase(button, { onleaving, onleft, onstayed, complain }) {
  return busy(button, async () => {
    onleaving();
    const receipt = await api.optOut();
    await store.wipe();
    onleft(receipt);
  }, (error) => { onstayed(); complain(error); });
}

/** The neutral page after leaving: nothing of the product, only the receipt. */
export function leftPage(receipt) {
  return h("div", { class: "start left" },
    h("div", { class: "start-art", "aria-hidden": "true" }, icon("shield")),
    h("h1", { tabindex: "-1" }, t("left.title")),
    h("p", { class: "large" }, t("left.text")),
    h("div", { class: "actions" },
      h("button", { class: "button", type: "button", onclick: () => download("receipt.json", receipt) }, t("left.download")),
      h("a", { class: "button quiet", href: "/app/" }, t("left.again"))),
    h("pre", { class: "receipt", tabindex: "0" }, JSON.stringify(receipt, null, 2)));
}

// Putting the page on the phone as an app: offered in the settings where the browser lets us, and never by itself.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./words.js";

let offer = null;

/** Takes the browser's offer to install, and keeps its own banner from opening unasked. */
export function watchInstall() {
  addEventListener("beforeinstallprompt", (event) => { event.preventDefault(); offer = event; });
  addEventListener("appinstalled", () => { offer = null; });
}

/** The card that installs; null where it is installed already, or the browser cannot. */
export function installCard() {
  if (!offer) return null;
  const go = h("button", { class: "button quiet wide", type: "button" }, t("install.go"));
  const card = h("section", { class: "card" }, h("h3", {}, icon("phone"), t("install.title")), h("p", {}, t("install.text")), go);
  go.addEventListener("click", async () => {
    const asking = offer;
    offer = null; // It counts once.
    card.remove();
    await asking?.prompt();
  });
  return card;
}

// A one-time link that was opened: what it offers, taking it, and, for a product that changes hands, waiting for its owner.

import { api, Problem } from "./api.js";
import { announce, h } from "./dom.js";
import { openSheet, toast } from "./sheets.js";
import { store } from "./store.js";
import { moment, t } from "./words.js";

const LOOK_AGAIN_MS = 2000;

/** The code in the address, taken out of it: it shall not stay in the history. */
export function takeCode() {
  const code = new URLSearchParams(location.hash.slice(1)).get("link");
  if (code) history.replaceState(null, "", location.pathname + location.search);
  return code;
}

/** Shows what the link would do, and does it when asked to. onjourney(id): this phone has a journey by it. */
export async function openOffer(code, { complain, onjourney }) {
  let offer;
  try {
    offer = await api.look(code);
  } catch (error) {
    complain(error);
    return;
  }
  const name = offer.model_name;
  const until = moment(Date.now() + (offer.stays_s ?? 0) * 1000);
  const given = offer.kind === "transfer";
  const yes = h("button", { class: "button", type: "button" }, t("offer.yes"));
  const dialog = openSheet({
    title: given ? t("offer.transfer", { name }) : t("offer.invitation"),
    name: "offer",
    body: [h("p", { class: "large" }, given ? t("offer.transfer.text") : t(`offer.${offer.role}`, { name, time: until }))],
    foot: [h("button", { class: "button quiet", type: "button", onclick: () => dialog.close() }, t("offer.no")), yes],
  });
  yes.addEventListener("click", async () => {
    yes.disabled = true;
    try {
      const accepted = await api.accept(code);
      dialog.close();
      if (accepted.transfer) receive(accepted.transfer, { complain, onjourney });
      else {
        toast(t("offer.ok"));
        onjourney(accepted.journey_id);
      }
    } catch (error) {
      complain(error);
      yes.disabled = false;
    }
  });
}

/** Goes on waiting for an owner's word, if this phone was when it was last open. */
export async function resumeReceiving(parts) {
  const id = store.receiving;
  if (!id) return;
  const transfer = await api.transfer(id).catch((error) => {
    if (error instanceof Problem && error.status === 404) store.receiving = null;
    return null;
  });
  if (transfer) receive(transfer, parts);
}

function receive(transfer, { complain, onjourney }) {
  store.receiving = transfer.id;
  if (finished(transfer, onjourney)) return;
  const cancel = h("button", { class: "button quiet", type: "button" }, t("receive.cancel"));
  const dialog = openSheet({
    title: t("receive.title"),
    name: "receive",
    body: [
      h("p", { class: "large" }, t("receive.text")),
      h("p", { class: "check-code" }, transfer.check_code),
      h("p", { class: "quiet-text", role: "status" }, t("receive.wait")),
    ],
    foot: [cancel],
    onclose: () => clearInterval(timer),
  });
  const end = (words) => {
    store.receiving = null;
    dialog.close();
    toast(t(words));
    announce(t(words));
  };
  const look = async () => {
    try {
      const now = await api.transfer(transfer.id);
      if (dialog.open && now.state === "done") {
        dialog.close();
        finished(now, onjourney);
      }
    } catch (error) {
      if (dialog.open && error instanceof Problem && error.status === 404) end("receive.off");
    }
  };
  const timer = setInterval(look, LOOK_AGAIN_MS);
  cancel.addEventListener("click", async () => {
    cancel.disabled = true;
    try {
      await api.callOff(transfer.id);
      end("give.cancelled");
    } catch (error) {
      complain(error);
      cancel.disabled = false;
    }
  });
}

function finished(transfer, onjourney) {
  if (transfer.state !== "done") return false;
  store.receiving = null;
  toast(t("receive.done"));
  onjourney(transfer.journey_id);
  return true;
}

// Where the phone is, told once when the customer asks for it: the service takes the zone from it and forgets the rest.

import { api } from "./api.js";
import { busy, h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { explained } from "./permit.js";
import { number, t } from "./words.js";

const WAIT_MS = 20_000;
const FRESH_MS = 30_000;

/** The card that tells the service where the phone is. journey: whose menu shall follow it. */
export function placeCard(journey, complain) {
  if (!navigator.geolocation) return null;
  const go = h("button", { class: "button quiet wide", type: "button" }, t("place.go"));
  const said = h("p", { class: "quiet-text", role: "status" });
  go.addEventListener("click", () => busy(go, async () => {
    if (!(await explained("geolocation", "pin"))) return;
    setText(said, t("place.wait"));
    let at;
    try {
      at = await position();
    } catch (error) {
      setText(said, t(error.code === 1 ? "place.denied" : "place.unknown"));
      return;
    }
    const { zone } = await api.context(journey, { position: at });
    setText(said, t(zone.zone === "shop" ? "place.shop" : "place.told", { metres: number(Math.round(at.accuracy_m)) }));
  }, (error) => { setText(said, ""); complain(error); }));
  return h("section", { class: "card" }, h("h3", {}, icon("pin"), t("place.title")), h("p", {}, t("place.text")), go, said);
}

/** {latitude, longitude, accuracy_m}; rejects with the browser's error, whose code 1 is a refusal. */
function position() {
  return new Promise((resolve, reject) => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ latitude: coords.latitude, longitude: coords.longitude, accuracy_m: coords.accuracy }),
      reject,
      { enableHighAccuracy: true, timeout: WAIT_MS, maximumAge: FRESH_MS },
    );
  });
}

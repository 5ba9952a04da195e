// The demo's control "where am I?": a phone that hears no beacon reports as if it stood there. Only a demo shows it.

import { api, Problem } from "./api.js";
import { h, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { sightingsAt } from "./radio.js";
import { direction, language, t } from "./words.js";

const SPOTS = { here: "pin", near: "home", away: "route", shop: "cart" };
const SETTLING = 6; // Reports in a row, until a change has lasted long enough to count.
const SETTLING_MS = 2000;
const STAYING_MS = 10_000;

/**
 * The control for a journey. complain(error) says what went wrong; begins: the spot to stand at from the start, or null.
 * Returns {root, spot, close}.
 */
export function createSimulation(journey, complain, begins = null) {
  const group = h("div", { class: "spots", role: "radiogroup", "aria-label": t("sim.ask") });
  const said = h("p", { class: "quiet-text spots-said", role: "status" });
  const root = h("section", { class: "simulation", "aria-label": t("sim.title"), lang: language(), dir: direction(language()) },
    h("p", { class: "simulation-tag" }, icon("idea"), t("sim.title")), h("h2", {}, t("sim.ask")), group, said);
  let model = null;
  let asked = 0;
  let spot = null;
  let timer = 0;
  let turn = 0;

  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...group.children];
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  });

  async function ask() {
    model = await api.simulation(journey);
    asked = Date.now();
    const names = model.spots.map((one) => one.name);
    if (names.join() === [...group.children].map((one) => one.value).join()) return;
    group.replaceChildren(...Object.keys(SPOTS).filter((name) => names.includes(name)).map((name) => h("button",
      { class: "spot", type: "button", role: "radio", value: name, "aria-checked": String(name === spot), onclick: () => stand(name) },
      icon(SPOTS[name]), h("span", {}, t(`sim.${name}`)))));
  }

  function stand(name) {
    spot = name;
    for (const one of group.children) setAttribute(one, "aria-checked", String(one.value === name));
    setText(said, t("sim.walking"));
    turn += 1;
    report(turn, 1);
  }

  /** Reports again and again, as a phone does that stays; `mine` ends when another spot is chosen. */
  async function report(mine, times) {
    clearTimeout(timer);
    try {
      if (Date.now() - asked > model.good_for_s * 1000) await ask();
      const found = model.spots.find((one) => one.name === spot);
      if (!found || mine !== turn) return;
      const { zone } = await api.context(journey, { sightings: sightingsAt(found, model) });
      if (mine === turn) setText(said, t("sim.zone", { zone: t(`zone.${zone.zone}`) }) + (zone.proven ? ` ${t("sim.proven")}` : ""));
    } catch (error) {
      if (mine !== turn) return;
      setText(said, t("sim.failed"));
      if (error instanceof Problem) complain(error);
    }
    if (mine === turn) timer = setTimeout(() => report(mine, times + 1), times < SETTLING ? SETTLING_MS : STAYING_MS);
  }

  ask().then(() => { if (begins && root.isConnected) stand(begins); }, (error) => { root.hidden = true; complain(error); });
  return {
    root,
    spot: () => spot ?? begins,
    close() { turn += 1; clearTimeout(timer); root.remove(); },
  };
}

// What a tap on an item does, and what opens over the menu.

import { act, chosen } from "./acting.js";
import { api } from "./api.js";
import { openCases } from "./case.js";
import { openClaim } from "./claim.js";
import { complain } from "./complain.js";
import { announce } from "./dom.js";
import { drawBanner, drawTop, hasPeople, put } from "./frame.js";
import { openGuide } from "./guide.js";
import { claims, opens } from "./items.js";
import { claimed, ending, refused, showStart } from "./journeys.js";
import { close, open, refresh } from "./open.js";
import { openParcel } from "./parcel.js";
import { openPeople } from "./people.js";
import { erase, leftPage, openPrivacy, surelyLeave } from "./privacy.js";
import { wear } from "./preferences.js";
import { openSettings } from "./settings.js";
import { ask, closeSheets, hush, toast } from "./sheets.js";
import { currentJourney, holds, itemsOf, query, state } from "./state.js";
import { store } from "./store.js";
import { openJourneys } from "./switcher.js";
import { openTicket } from "./ticket.js";
import { openWhy } from "./why.js";
import { language, languageBeside, speak, t } from "./words.js";

/** The address asks for the claim form: over the menu, as soon as that offers it. */
let asksForClaim = query.has("claim");

/** item: of the menu; element: what was tapped. */
export async function choose(item, element) {
  switch (opens(item)) {
    case "expert": talk(); return;
    case "privacy": privacy(); return;
    case "leave": await leave(item, element); return;
    case "ticket": openTicket(item); return;
    case "claim": claim(item); return;
    case "guide": guide(item); return;
    case "parcel":
      holds("parcel", openParcel(item, state.journey, { keeps: !state.menu.until, complain }));
      return;
    case "post":
      if (item.action.confirm && !(await ask(item.action.confirm, { title: item.title }))) return;
      await act(item, element, showCoupon);
      return;
    default:
  }
}

function guide(item) {
  const journey = state.journey;
  holds("guide", openGuide(item, {
    onfinish: (done) => { if (done.action?.method === "POST" && !done.done) act(done, null, showCoupon); },
    onanswer: (done, helped) => answer(done, { choice: helped ? "helped" : "not_helped" }, journey)
      .then(() => { if (helped) toast(t("helped.thanks")); }, complain),
    onexpert: (done) => talk(t("helped.about", { title: done.title })),
  }));
}

/** Tells the service what is said of an item. */
async function answer(item, said, journey = state.journey) {
  await chosen(item, journey, said);
}

/** A survey's choice; rejects when the service does not know it yet. */
export async function survey(item, choice) {
  try {
    await answer(item, { choice });
  } catch (error) {
    complain(error);
    throw error;
  }
}

async function showCoupon(id, journey) {
  await refresh(journey);
  const item = itemsOf().find((one) => one.id === id || one.code);
  if (item?.code || item?.qr) openTicket(item);
}

/** A menu has come: what is open over the one before follows it. */
export function taken(menu) {
  const items = itemsOf(menu);
  state.guide?.update(items.find((item) => item.id === state.guide.id), menu.status);
  state.parcel?.update();
  state.nearby?.update();
  simulate();
  if (asksForClaim && state.freshness === "up") {
    asksForClaim = false;
    const item = items.find((one) => opens(one) === "claim");
    if (item) claim(item);
  }
}

export function why(item) {
  openWhy(item, state.menu.language);
}

/** Where the service is a demo, its control stands beside the menu; nobody else loads it. */
export async function simulate() {
  const { journey, view } = state;
  const before = state.simulation;
  if (before?.journey === journey && before.view === view && before.language === language()) return;
  const spot = before?.journey === journey ? before.spot() : null;
  before?.close();
  state.simulation = null;
  if (!api.simulates || !view) return;
  const mine = { journey, view, language: language(), spot: () => spot, close() {} };
  state.simulation = mine;
  const { createSimulation } = await import("./simulate.js");
  if (state.simulation !== mine) return;
  const made = createSimulation(journey, complain, spot);
  Object.assign(mine, { spot: made.spot, close: made.close });
  view.side.append(made.root);
}

/** about: what the message begins with, when none was begun. */
export function talk(about = "") {
  state.unread = false;
  drawTop();
  holds("cases", openCases(state.journey, complain, about));
}

function privacy() {
  openPrivacy(leaving());
}

/** Leaving from the menu: what the item itself asks, and then everything is erased. */
async function leave(item, element) {
  if (await surelyLeave(item.title, item.action.confirm)) await erase(element, leaving());
}

export function settings() {
  return openSettings({ ...leaving(), journey: state.menu && state.journey, onlanguage: changeLanguage, onpeople: hasPeople() ? people : null });
}

/** name: of the language that all shall be in, this page and what the service says; null: as the phone has it. */
async function changeLanguage(name) {
  store.language = name;
  await speak(languageBeside(state.menu, name));
  closeSheets();
  drawTop();
  drawBanner();
  if (state.journey) open(state.journey);
  else if (document.querySelector(".start form")) showStart();
  settings().querySelector("input[name=setting-language]:checked").focus();
}

/** What signing out and leaving do to the page. */
function leaving() {
  const journey = state.journey;
  return {
    complain,
    onleaving() { state.live?.close(); },
    onstayed() { if (journey) open(journey); },
    async onsignout() {
      close();
      closeSheets();
      await store.wipe();
      state.journeys = [];
      ending("out");
    },
    onleft(receipt) {
      Object.assign(state, { live: null, journey: null, menu: null, journeys: [], unread: false });
      closeSheets();
      hush();
      wear();
      history.replaceState(null, "", "/app/");
      put(leftPage(receipt));
      document.querySelector(".left h1").focus();
      announce(t("left.title"));
    },
  };
}

export function journeys() {
  openJourneys(state.journeys, state.journey, {
    onadd: () => openClaim({ onclaimed: claimed, complain }),
    onpick(journey) {
      history.replaceState(null, "", `/app/?journey=${encodeURIComponent(journey)}`);
      open(journey);
    },
  });
}

/** Makes the unit of the menu the customer's: only the code is asked for. */
function claim(item) {
  openClaim({ known: claims(item), title: item.title, onclaimed: claimed, complain });
}

export function people() {
  const current = currentJourney();
  if (current) openPeople(current, { complain, ongone: refused });
}

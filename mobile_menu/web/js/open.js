// The journey on the page: its live line, the menu that comes by it or was kept, and what the line says beside menus.

import { api, Problem } from "./api.js";
import { drawBanner, drawTop, put, showWaiting, withoutMenu } from "./frame.js";
import { openLive } from "./live.js";
import { createMenuView } from "./menu.js";
import { sendWaiting } from "./ticks.js";
import { sendUnsent } from "./outbox.js";
import { keepPictures } from "./pictures.js";
import { closeSheets, toast } from "./sheets.js";
import { acts, state } from "./state.js";
import { store } from "./store.js";
import { languageBeside, speak, t } from "./words.js";

/** Ends the line, and forgets which journey was on the page. */
export function close() {
  state.live?.close();
  Object.assign(state, { live: null, journey: null, menu: null, freshness: "waiting", unread: false });
  store.journey = null;
}

/** Puts a journey on the page: as it was kept, at once, and as it is, as soon as its line says so. */
export function open(journey) {
  close();
  closeSheets();
  state.journey = journey;
  store.journey = journey;
  const kept = store.lastMenu(journey);
  if (kept) take(kept.menu, kept.at);
  else showWaiting();
  const mine = (work) => (...values) => { if (state.journey === journey) work(...values); };
  state.live = openLive(journey, {
    onUp: mine(() => { fresh("up"); flush(); state.cases?.again(); }),
    onHeard: mine(() => { state.keptAt = Date.now(); }),
    onBack: mine(back),
    onDown: mine(down),
    onEvent: mine(hear),
    onRefused: mine(() => acts.refused()),
  });
}

/** What is shown is live, or waits to be, or may be old. */
export function fresh(freshness) {
  heard();
  state.freshness = freshness;
  if (state.menu && freshness === "up") state.keptAt = Date.now();
  if (state.view && state.menu) drawMenu();
  else drawBanner();
}

/** While the line is up, what is shown is right as of the last sign of life: that is kept with it. */
export function heard() {
  if (state.journey && state.freshness === "up") store.touchMenu(state.journey, state.keptAt);
}

/** What was chosen without a connection goes out. */
async function flush() {
  const journey = state.journey;
  if (await sendWaiting(journey)) toast(t("out.step_done"));
  drawBanner();
  if (await sendUnsent(journey) && !state.cases) toast(t("out.message_sent"));
  drawBanner();
}

/** Somebody sees the page again: until the line is up anew, what is shown is as of when it was left. */
function back() {
  if (state.freshness === "up") fresh("waiting");
}

/** The line broke: the menu may still be had by asking for it. */
async function down() {
  const journey = state.journey;
  try {
    const menu = await api.menu(journey);
    if (state.journey !== journey) return;
    fresh("waiting");
    keep(menu);
  } catch (error) {
    if (state.journey !== journey) return;
    if (error instanceof Problem && [403, 404, 410].includes(error.status)) { acts.refused(); return; }
    fresh("down");
    if (!state.menu && !withoutMenu()) acts.failed(journey);
  }
}

function hear(event, value) {
  if (event === "menu") {
    state.freshness = "up";
    keep(value);
  } else if (event === "case") {
    hearCase(value);
  } else if (event === "gone") {
    acts.gone(value?.code);
  }
}

function hearCase(thread) {
  if (state.cases) { state.cases.arrived(thread); return; }
  if (thread.messages.at(-1)?.author !== "expert" || thread.status === "closed") return;
  if (!state.unread) toast(t("expert.answered"));
  state.unread = true;
  drawTop();
}

/** Asks for the menu, now. */
export async function refresh(journey) {
  const menu = await api.menu(journey);
  if (state.journey === journey) take(menu, Date.now());
}

/** A menu is here. at: until when it is known to be right. */
function take(menu, at) {
  state.menu = menu;
  state.keptAt = at;
  drawMenu();
  acts.taken(menu);
  speakBeside(menu);
}

/** The page's own words follow the menu's language, as soon as they are here. */
async function speakBeside(menu) {
  if (!(await speak(languageBeside(menu, store.language))) || !state.menu) return;
  drawMenu();
  acts.simulate();
}

/** A menu that is right now: shown, and kept with its guides' pictures for when there is no connection. */
function keep(menu) {
  take(menu, Date.now());
  store.keepMenu(menu);
  keepPictures();
}

function drawMenu() {
  state.view ??= createMenuView({ onchoose: acts.choose, onwhy: acts.why, onanswer: acts.survey });
  state.view.show(state.menu, state.freshness);
  put(state.view.root, { title: state.menu.status.text ? `${state.menu.status.text} · ${state.menu.title}` : state.menu.title });
}

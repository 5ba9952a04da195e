// Which journeys this phone has, and which one is on the page: found, opened, ended. Its line and its menu are open.js's.

import { dropLine, journeysAhead } from "./ahead.js";
import { api } from "./api.js";
import { startPage } from "./claim.js";
import { complain } from "./complain.js";
import { drawTop, put, showMessage, showWaiting } from "./frame.js";
import { held } from "./held.js";
import { close, open } from "./open.js";
import { dropToken } from "./session.js";
import { closeSheets, toast } from "./sheets.js";
import { acts, query, state } from "./state.js";
import { store } from "./store.js";
import { t } from "./words.js";

/** Finds out which journeys there are, and opens the one asked for, or the one that changed last. */
export async function arrive(asked) {
  try {
    await loadJourneys();
    if (query.get("journey") && !state.journeys.some((one) => one.id === asked)) await asVisitor(asked);
  } catch {
    if (!state.menu) failed(() => arrive(asked));
    return;
  }
  if (saidEnded()) return;
  const found = state.journeys.find((one) => one.id === asked) ?? state.journeys[0];
  if (query.get("journey") && found && found.id !== asked) toast(t("link.other"));
  const named = query.get("uri") || query.get("gtin");
  const asksToClaim = named && (query.has("claim") || !query.has("journey")); // else a label names it in case cookies are denied
  if (!found || (asksToClaim && found.id !== query.get("journey"))) showStart();
  else if (state.journey !== found.id) openUnder(found.id);
  else drawTop();
}

/** Settings that were opened before there was any journey are the phone's own: they stay, with what has come by now. */
function openUnder(journey) {
  const stays = !state.journey && document.querySelector("dialog.settings[open]");
  open(journey);
  if (stays) acts.settings();
}

/** A link of ours sets a cookie: the visit it began may be newer than our token. Taken only if nothing is lost by it. */
async function asVisitor(asked) {
  dropLine(); // It was asked for as whoever we were until now.
  const [session, had] = [held.now, state.journeys];
  await held.write(null);
  try {
    await loadJourneys();
  } catch (error) {
    await held.write(session);
    throw error;
  }
  const ids = new Set(state.journeys.map((one) => one.id));
  if (ids.has(asked) && had.every((one) => ids.has(one.id))) return;
  await held.write(session);
  state.journeys = had;
  store.journeys = had;
}

async function loadJourneys() {
  state.journeys = await journeysAhead();
  store.journeys = state.journeys;
  acts.simulate();
}

/** Says, once, that this phone had to begin a new session; a page of its own, when its journeys stayed with the old. */
function saidEnded() {
  if (!state.ended) return false;
  state.ended = false;
  if (state.journeys.length) { toast(t("ended.again")); return false; }
  close();
  // What this phone kept of the journeys that it no longer has; the session that has just begun stays.
  store.forgetJourneys();
  ending("ended");
  return true;
}

/** A page that says what has ended, and goes on to whatever is left. key: the words to take. */
export function ending(key) {
  history.replaceState(null, "", "/app/");
  showMessage(key, t("gone.go"), () => { query.delete("journey"); showWaiting(); arrive(null); });
}

/** The link of a mail was opened: it counts in the browser that asked for it. */
export async function prove(proof) {
  try {
    const { joined: found, address } = await api.verifyEmail(proof);
    toast(t(found ? "email.joined" : "email.done", { address }));
    if (found) await arrive(state.journey);
  } catch (error) {
    complain(error);
  }
}

export function showStart() {
  close();
  dropLine();
  const known = query.get("uri") ? { uri: query.get("uri") } : query.get("gtin") ? { gtin: query.get("gtin"), serial: query.get("serial") ?? "" } : {};
  put(startPage({ known, onclaimed: claimed, complain }));
}

/** Nothing to show: a page says so, and tries again by itself when the phone is back online. */
export function failed(again) {
  showMessage("error", t("retry"), () => { showWaiting(); again(); });
  const shown = document.querySelector(".start");
  addEventListener("online", () => { if (shown.isConnected) again(); }, { once: true });
}

export async function claimed(result) {
  toast(t("claim.ok"));
  await joined(result.journey_id);
}

/** A journey has become this phone's, or another one to it: it is the one to show. */
export async function joined(journey) {
  [...query.keys()].forEach((name) => query.delete(name));
  history.replaceState(null, "", `/app/?journey=${encodeURIComponent(journey)}`);
  await loadJourneys().catch(() => {});
  open(journey);
}

/** A journey that this phone may not see: as gone, once we have looked which ones there are. */
export function refused() {
  store.dropMenu(state.journey);
  close();
  loadJourneys().then(() => saidEnded() || (state.journeys.length ? open(state.journeys[0].id) : showStart()), () => failed(() => arrive(null)));
}

/** The journey was erased; or the session ended, by time or because the person left on another phone. */
export async function gone(code) {
  const journey = state.journey;
  close();
  closeSheets();
  if (code === "session_refused") {
    dropToken(held.now?.token);
    await loadJourneys().catch(() => {});
    if (state.journeys.some((one) => one.id === journey)) { open(journey); return; }
    await store.wipe();
    if (saidEnded()) return;
  }
  store.dropMenu(journey);
  ending("gone");
}

// The phone page put together: which journey, its live line, what is on the page, and what opens over it.

import { takeProof } from "./js/account.js";
import { api, Problem, Unreachable } from "./js/api.js";
import { openCases } from "./js/case.js";
import { openClaim, startPage } from "./js/claim.js";
import { announce, h, setAttribute, setText } from "./js/dom.js";
import { openGuide } from "./js/guide.js";
import { held } from "./js/held.js";
import { icon } from "./js/icons.js";
import { claims, opens } from "./js/items.js";
import { openLive } from "./js/live.js";
import { createMenuView } from "./js/menu.js";
import { openOffer, resumeReceiving, takeCode } from "./js/offer.js";
import { messagePage, waitingPage } from "./js/pages.js";
import { openPeople } from "./js/people.js";
import { leftPage, openPrivacy } from "./js/privacy.js";
import { dropToken, whenEnded } from "./js/session.js";
import { ask, hush, toast } from "./js/sheets.js";
import { store } from "./js/store.js";
import { openJourneys } from "./js/switcher.js";
import { openTicket } from "./js/ticket.js";
import { openWhy } from "./js/why.js";
import { has, moment, setLanguage, t } from "./js/words.js";

const page = { main: document.getElementById("main"), top: document.getElementById("top"), banner: document.getElementById("banner") };
const query = new URLSearchParams(location.search);

/** All that changes. freshness: up (live), waiting (first try), down (what is shown may be old). */
const state = { journeys: [], journey: null, menu: null, keptAt: 0, freshness: "waiting", live: null, view: null, guide: null, cases: null, unread: false, ended: false };

/** Who may look who is with the product: a visitor is nobody's guest yet. */
const WITH_PEOPLE = ["owner", "household", "guest"];

/** The address asks for the claim form: over the menu, as soon as that offers it. */
let asksForClaim = query.has("claim");

// ---- what is on the page -------------------------------------------------------------------------------------------

function put(node, { title = "Throughline", focus = false } = {}) {
  document.title = title;
  if (state.view && node !== state.view.root) state.view = null;
  if (page.main.firstElementChild !== node) page.main.replaceChildren(node);
  drawTop();
  drawBanner();
  if (focus) page.main.focus({ preventScroll: true });
}

function drawTop() {
  const current = state.journeys.find((one) => one.id === state.journey);
  if (!page.top.firstChild) {
    page.top.append(
      h("button", { class: "switch", type: "button", onclick: openSwitcher }, h("span", { class: "mark" }), h("span", { class: "switch-name" }), icon("down")),
      h("button", { class: "round persons-button", type: "button", onclick: () => showPeople() }, icon("people")),
      h("button", { class: "round help", type: "button", onclick: () => talk() }, icon("expert"), h("span", { class: "unread", hidden: true })),
      h("button", { class: "round", type: "button", onclick: () => privacy() }, icon("shield")));
  }
  const [switcher, people, expert, shield] = page.top.children;
  setText(switcher.children[1], current?.model_name || "Throughline");
  setAttribute(switcher, "aria-label", `${current?.model_name || "Throughline"}. ${t("products")}`);
  switcher.hidden = !state.journey;
  people.hidden = !(current?.product_id && WITH_PEOPLE.includes(current.role) && (state.menu?.stage ?? current.stage) !== "closed");
  setAttribute(people, "aria-label", t("people"));
  expert.hidden = !state.journey;
  shield.hidden = !held.now;
  setAttribute(expert, "aria-label", t(state.unread ? "expert.new" : "expert"));
  expert.lastChild.hidden = !state.unread;
  setAttribute(shield, "aria-label", t("privacy"));
}

function drawBanner() {
  const old = state.menu && state.freshness === "down";
  const text = old ? t(navigator.onLine ? "offline.line" : "offline.menu", { time: moment(state.keptAt) }) : navigator.onLine ? "" : t("offline.plain");
  setText(page.banner, text);
  page.banner.hidden = !text;
}

function drawMenu() {
  state.view ??= createMenuView({ onchoose: choose, onwhy: (item) => openWhy(item, state.menu.language) });
  state.view.show(state.menu, state.freshness);
  put(state.view.root, { title: state.menu.status.text ? `${state.menu.status.text} · ${state.menu.title}` : state.menu.title });
}

function showWaiting() {
  put(waitingPage());
}

function showStart() {
  forgetJourney();
  const known = query.get("uri") ? { uri: query.get("uri") } : query.get("gtin") ? { gtin: query.get("gtin"), serial: query.get("serial") ?? "" } : {};
  put(startPage({ known, onclaimed: claimed, complain }));
}

function showMessage(key, button, onclick) {
  put(messagePage(key, button, onclick), { focus: true });
  announce(t(`${key}.title`));
}

// ---- journeys and the live line ------------------------------------------------------------------------------------

async function start() {
  if (location.pathname === "/app") history.replaceState(null, "", `/app/${location.search}`);
  setLanguage(navigator.language);
  const proof = takeProof();
  const asked = query.get("journey") ?? store.journey;
  state.journeys = store.journeys;
  held.read().then(drawTop);
  if (asked && store.lastMenu(asked)) open(asked);
  else showWaiting();
  const code = takeCode();
  await arrive(asked);
  if (proof) await prove(proof);
  if (code) await openOffer(code, { complain, onjourney: joined });
  else await resumeReceiving({ complain, onjourney: joined });
}

/** Finds out which journeys there are, and opens the one asked for, or the one that changed last. */
async function arrive(asked) {
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
  if (!found || (named && !(query.has("claim") && found.id === query.get("journey")))) showStart();
  else if (state.journey !== found.id) open(found.id);
  else drawTop();
}

/** A link of ours sets a cookie: the visit it began may be newer than our token. Taken only if nothing is lost by it. */
async function asVisitor(asked) {
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
  state.journeys = await api.journeys();
  store.journeys = state.journeys;
}

/** A link of ours was opened in a page that is already here: what it brought is taken off the address at once. */
async function linked() {
  const [proof, code] = [takeProof(), takeCode()];
  await started.catch(() => {});
  if (proof) {
    closeSheets(); // what they say of the address is old in a moment
    await prove(proof);
  }
  if (code) await openOffer(code, { complain, onjourney: joined });
}

/** Says, once, that this phone had to begin a new session; a page of its own, when its journeys stayed with the old. */
function saidEnded() {
  if (!state.ended) return false;
  state.ended = false;
  if (state.journeys.length) { toast(t("ended.again")); return false; }
  forgetJourney();
  // What this phone kept of the journeys that it no longer has; the session that has just begun stays.
  store.forgetJourneys();
  history.replaceState(null, "", "/app/");
  showMessage("ended", t("gone.go"), () => { query.delete("journey"); showWaiting(); arrive(null); });
  return true;
}

/** The link of a mail was opened: it counts in the browser that asked for it. */
async function prove(proof) {
  try {
    const { joined, address } = await api.verifyEmail(proof);
    toast(t(joined ? "email.joined" : "email.done", { address }));
    if (joined) await arrive(state.journey);
  } catch (error) {
    complain(error);
  }
}

function failed(again) {
  showMessage("error", t("retry"), () => { showWaiting(); again(); });
  const retry = () => { if (page.main.querySelector(".start")) again(); };
  addEventListener("online", retry, { once: true });
}

function forgetJourney() {
  state.live?.close();
  Object.assign(state, { live: null, journey: null, menu: null, freshness: "waiting", unread: false });
  store.journey = null;
}

function open(journey) {
  forgetJourney();
  closeSheets();
  state.journey = journey;
  store.journey = journey;
  const kept = store.lastMenu(journey);
  if (kept) take(kept.menu, kept.at);
  else showWaiting();
  const mine = (work) => (...values) => { if (state.journey === journey) work(...values); };
  state.live = openLive(journey, {
    onUp: mine(() => fresh("up")),
    onDown: mine(down),
    onEvent: mine(hear),
    onRefused: mine(refused),
  });
}

function fresh(freshness) {
  state.freshness = freshness;
  if (state.menu && freshness === "up") state.keptAt = Date.now();
  if (state.view && state.menu) drawMenu();
  else drawBanner();
}

/** The line broke: the menu may still be had by asking for it. */
async function down() {
  const journey = state.journey;
  try {
    const menu = await api.menu(journey);
    if (state.journey !== journey) return;
    fresh("waiting");
    take(menu, Date.now());
    store.keepMenu(menu);
  } catch (error) {
    if (state.journey !== journey) return;
    if (error instanceof Problem && [403, 404, 410].includes(error.status)) { refused(); return; }
    fresh("down");
    if (!state.menu && !page.main.querySelector(".start")) failed(() => arrive(journey));
  }
}

function hear(event, value) {
  if (event === "menu") {
    state.freshness = "up";
    take(value, Date.now());
    store.keepMenu(value);
  } else if (event === "case") {
    hearCase(value);
  } else if (event === "gone") {
    gone(value?.code);
  }
}

function hearCase(thread) {
  if (state.cases) { state.cases.arrived(thread); return; }
  if (thread.messages.at(-1)?.author !== "expert" || thread.status === "closed") return;
  if (!state.unread) toast(t("expert.answered"));
  state.unread = true;
  drawTop();
}

/** A journey that this phone may not see: as gone, once we have looked which ones there are. */
function refused() {
  const journey = state.journey;
  store.dropMenu(journey);
  forgetJourney();
  loadJourneys().then(() => saidEnded() || (state.journeys.length ? open(state.journeys[0].id) : showStart()), () => failed(() => arrive(null)));
}

/** The journey was erased; or the session ended, by time or because the person left on another phone. */
async function gone(code) {
  const journey = state.journey;
  forgetJourney();
  closeSheets();
  if (code === "session_refused") {
    dropToken(held.now?.token);
    await loadJourneys().catch(() => {});
    if (state.journeys.some((one) => one.id === journey)) { open(journey); return; }
    await store.wipe();
    if (saidEnded()) return;
  }
  store.dropMenu(journey);
  history.replaceState(null, "", "/app/");
  showMessage("gone", t("gone.go"), () => { query.delete("journey"); showWaiting(); arrive(null); });
}

function take(menu, at) {
  const language = state.menu?.language;
  state.menu = menu;
  state.keptAt = at;
  if (menu.language !== language) setLanguage(menu.language);
  drawMenu();
  const items = menu.sections.flatMap((section) => section.items);
  state.guide?.update(items.find((item) => item.id === state.guide.id), menu.status);
  if (asksForClaim && state.freshness === "up") {
    asksForClaim = false;
    const item = items.find((one) => opens(one) === "claim");
    if (item) claim(item);
  }
}

// ---- what opens over it --------------------------------------------------------------------------------------------

function closeSheets() {
  document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close());
}

async function choose(item, element) {
  switch (opens(item)) {
    case "expert": talk(); return;
    case "privacy": privacy(); return;
    case "ticket": openTicket(item); return;
    case "claim": claim(item); return;
    case "guide":
      state.guide = openGuide(item, (done) => { if (done.action?.method === "POST" && !done.done) act(done); });
      state.guide.dialog.addEventListener("close", () => { state.guide = null; });
      return;
    case "post":
      if (item.action.confirm && !(await ask(item.action.confirm, { title: item.title }))) return;
      await act(item, element);
      return;
    default:
  }
}

/** Chooses the item at the service, and says what came of it. */
async function act(item, element) {
  if (element?.getAttribute("aria-busy") === "true") return;
  element?.setAttribute("aria-busy", "true");
  const journey = state.journey;
  try {
    const chosen = await api.choose(item.id, journey);
    if (chosen.outcome === "coupon_issued") await showCoupon(item.id, journey);
    toast(chosen.detail || t(`out.${chosen.outcome}`));
  } catch (error) {
    complain(error);
    if (error.code === "item_unavailable") await refresh(journey).catch(() => {});
  } finally {
    element?.removeAttribute("aria-busy");
  }
}

async function refresh(journey) {
  const menu = await api.menu(journey);
  if (state.journey === journey) take(menu, Date.now());
}

async function showCoupon(id, journey) {
  await refresh(journey);
  const item = state.menu?.sections.flatMap((section) => section.items).find((one) => one.id === id || one.code);
  if (item?.code || item?.qr) openTicket(item);
}

function talk() {
  state.unread = false;
  drawTop();
  state.cases = openCases(state.journey, complain);
  state.cases.dialog.addEventListener("close", () => { state.cases = null; });
}

function privacy() {
  const journey = state.journey;
  openPrivacy({
    complain,
    onleaving() { state.live?.close(); },
    onstayed() { if (journey) open(journey); },
    async onsignout() {
      forgetJourney();
      closeSheets();
      await store.wipe();
      state.journeys = [];
      history.replaceState(null, "", "/app/");
      showMessage("out", t("gone.go"), () => { query.delete("journey"); showWaiting(); arrive(null); });
    },
    onleft(receipt) {
      Object.assign(state, { live: null, journey: null, menu: null, journeys: [], unread: false });
      closeSheets();
      hush();
      history.replaceState(null, "", "/app/");
      put(leftPage(receipt));
      page.main.querySelector("h1").focus();
      announce(t("left.title"));
    },
  });
}

function openSwitcher() {
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

async function claimed(result) {
  toast(t("claim.ok"));
  await joined(result.journey_id);
}

/** A journey has become this phone's, or another one to it: it is the one to show. */
async function joined(journey) {
  [...query.keys()].forEach((name) => query.delete(name));
  history.replaceState(null, "", `/app/?journey=${encodeURIComponent(journey)}`);
  await loadJourneys().catch(() => {});
  open(journey);
}

function showPeople() {
  const current = state.journeys.find((one) => one.id === state.journey);
  if (current) openPeople(current, { complain, ongone: refused });
}

function complain(error) {
  if (error instanceof Unreachable) toast(t("err.unreachable"), "error");
  else if (error instanceof Problem) toast(has(`err.${error.code}`) ? t(`err.${error.code}`) : error.detail || t("err.other"), "error");
  else throw error;
}

// ---- the world around the page -------------------------------------------------------------------------------------

addEventListener("hashchange", linked);
whenEnded(() => { state.ended = true; });
addEventListener("online", () => { drawBanner(); state.live?.hurry(); });
addEventListener("offline", () => { if (state.menu) fresh("down"); else drawBanner(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) state.live?.hurry(); });
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/app/sw.js", { scope: "/app/" }).catch(() => {});

const started = start();
await started;

// All that changes on the page, in one place, and what its buttons do. Nothing is drawn and nobody is asked here.

/**
 * freshness: up (live), waiting (first try), down (what is shown may be old). keptAt: until when the menu is known to have
 * been right, in ms since 1970. guide, cases, parcel and nearby: the sheet that is open, if it is. simulation: the demo's
 * control.
 */
export const state = { journeys: [], journey: null, menu: null, keptAt: 0, freshness: "waiting", live: null, view: null, guide: null, cases: null, parcel: null, nearby: null, simulation: null, unread: false, ended: false };

/** What the address asked for when the page was opened; emptied once that has been dealt with. */
export const query = new URLSearchParams(location.search);

/** What the buttons do. app.js lays them in, so that what draws a button need not know what stands behind it. */
export const acts = {};

export function currentJourney() {
  return state.journeys.find((one) => one.id === state.journey);
}

/** Every item of a menu, or of the one on the page, in its order. */
export function itemsOf(menu = state.menu) {
  return menu?.sections.flatMap((section) => section.items) ?? [];
}

/** Notes a sheet that was opened, until it is closed. Its end is heard of later, when the next one may be there already. */
export function holds(name, opened) {
  state[name] = opened;
  opened.dialog.addEventListener("close", () => { if (state[name] === opened) state[name] = null; });
}

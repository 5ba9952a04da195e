// The frame around whatever is on the page: title, the bar at the top, the line that says that we are offline.

import { announce, h, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { unsent } from "./outbox.js";
import { waitingFor } from "./ticks.js";
import { messagePage, waitingPage } from "./pages.js";
import { acts, currentJourney, state } from "./state.js";
import { moment, t } from "./words.js";

/** Who may look who is with the product: a visitor is nobody's guest yet. */
const WITH_PEOPLE = ["owner", "household", "guest"];

const page = { main: document.getElementById("main"), top: document.getElementById("top"), banner: document.getElementById("banner") };

/** Puts a node on the page, in the place of what was there. */
export function put(node, { title = "Throughline", focus = false } = {}) {
  document.title = title;
  if (state.view && node !== state.view.root) state.view = null;
  if (page.main.firstElementChild !== node) page.main.replaceChildren(node);
  drawTop();
  drawBanner();
  if (focus) page.main.focus({ preventScroll: true });
}

export function drawTop() {
  const current = currentJourney();
  if (!page.top.firstChild) page.top.append(...buttons());
  const [switcher, people, expert, settings] = page.top.children;
  setText(switcher.children[1], current?.model_name || "Throughline");
  setAttribute(switcher, "aria-label", `${current?.model_name || "Throughline"}. ${t("products")}`);
  switcher.hidden = !state.journey;
  people.hidden = !hasPeople();
  setAttribute(people, "aria-label", t("people"));
  expert.hidden = !state.journey;
  setAttribute(expert, "aria-label", t(state.unread ? "expert.new" : "expert"));
  expert.lastChild.hidden = !state.unread;
  setAttribute(settings, "aria-label", t("settings"));
}

function buttons() {
  return [
    h("button", { class: "switch", type: "button", onclick: () => acts.journeys() }, h("span", { class: "mark" }), h("span", { class: "switch-name" }), icon("down")),
    h("button", { class: "round persons-button", type: "button", onclick: () => acts.people() }, icon("people")),
    h("button", { class: "round help", type: "button", onclick: () => acts.expert() }, icon("expert"), h("span", { class: "unread", hidden: true })),
    h("button", { class: "round settings-button", type: "button", onclick: () => acts.settings() }, icon("setting")),
  ];
}

/** Whether this phone may look who is with the product. */
export function hasPeople() {
  const current = currentJourney();
  return Boolean(current?.product_id && WITH_PEOPLE.includes(current.role) && (state.menu?.stage ?? current.stage) !== "closed");
}

export function drawBanner() {
  const old = state.menu && state.freshness === "down";
  const text = old ? t(navigator.onLine ? "offline.line" : "offline.menu", { time: moment(state.keptAt) }) : navigator.onLine ? "" : t("offline.plain");
  const waits = (key, count) => (count ? t(key, { count }) : "");
  const steps = waits("offline.waiting", waitingFor(state.journey));
  const messages = waits("offline.messages", unsent(state.journey).length);
  setText(page.banner, [text, steps, messages].filter(Boolean).join(" "));
  page.banner.hidden = !page.banner.textContent;
}

export function showWaiting() {
  put(waitingPage());
}

/** key: the words to take, of a page without a menu; button and onclick: the way on. */
export function showMessage(key, button, onclick) {
  put(messagePage(key, button, onclick), { focus: true });
  announce(t(`${key}.title`));
}

/** Whether a page without a menu is shown: a start, a message, a good-bye. */
export function withoutMenu() {
  return page.main.querySelector(".start") !== null;
}

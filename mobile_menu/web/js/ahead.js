// What the first view will ask the service, asked while the rest of the page is still on its way: which journeys there
// are, and the live line of the one that the address or this phone names. Each is taken once, by whoever would have asked.

import { api } from "./api.js";
import { store } from "./store.js";

const journey = new URLSearchParams(location.search).get("journey") ?? store.journey;
const stop = new AbortController();

let journeys = quietly(api.journeys());
let line = journey ? quietly(api.stream(journey, "", stop.signal)) : null;

/** An answer that nobody comes for is no error; who does come for it hears of it. */
function quietly(answer) {
  answer.catch(() => {});
  return answer;
}

/** The journeys, as the service answers: asked for ahead, or now. */
export function journeysAhead() {
  const answer = journeys ?? api.journeys();
  journeys = null;
  return answer;
}

/** The answer that opens a journey's line, when it was asked for ahead; else null. signal: ends it. */
export function lineAhead(wanted, signal) {
  const answer = line;
  line = null;
  if (!answer) return null;
  if (wanted !== journey) { stop.abort(); return null; }
  signal.addEventListener("abort", () => stop.abort());
  return answer;
}

/** Nobody will look at that journey: its line is not held open. */
export function dropLine() {
  line = null;
  stop.abort();
}

// The phone page begins: what its buttons do, which journey it opens with, and what it hears of the world around it.

import { takeProof } from "./js/account.js";
import { choose, journeys, people, settings, simulate, survey, taken, talk, why } from "./js/choosing.js";
import { complain } from "./js/complain.js";
import { drawBanner, showWaiting } from "./js/frame.js";
import { held } from "./js/held.js";
import { watchInstall } from "./js/install.js";
import { arrive, failed, gone, joined, prove, refused } from "./js/journeys.js";
import { openOffer, resumeReceiving, takeCode } from "./js/offer.js";
import { fresh, heard, open } from "./js/open.js";
import { endPictures } from "./js/pictures.js";
import { wear } from "./js/preferences.js";
import { keepPush } from "./js/push.js";
import { whenEnded } from "./js/session.js";
import { beforeDropping, keepShell } from "./js/shell.js";
import { closeSheets } from "./js/sheets.js";
import { acts, query, state } from "./js/state.js";
import { store } from "./js/store.js";
import { languageBeside, speak } from "./js/words.js";

Object.assign(acts, { choose, why, survey, simulate, taken, journeys, people, settings, expert: talk, refused, gone, failed: (journey) => failed(() => arrive(journey)) });

async function start() {
  if (location.pathname === "/app") history.replaceState(null, "", `/app/${location.search}`);
  wear();
  watchInstall();
  const proof = takeProof();
  const code = takeCode();
  const asked = query.get("journey") ?? store.journey;
  await speak(languageBeside(asked && store.lastMenu(asked)?.menu, store.language));
  state.journeys = store.journeys;
  held.read();
  if (asked && store.lastMenu(asked)) open(asked);
  else showWaiting();
  await arrive(asked);
  if (proof) await prove(proof);
  if (code) await openOffer(code, { complain, onjourney: joined });
  else await resumeReceiving({ complain, onjourney: joined });
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

addEventListener("hashchange", linked);
whenEnded(() => { state.ended = true; });
addEventListener("online", () => { drawBanner(); state.live?.renew(); }); // What was up may lead nowhere now.
addEventListener("offline", () => { if (state.menu) fresh("down"); else drawBanner(); });
document.addEventListener("visibilitychange", () => { if (document.hidden) heard(); });
addEventListener("pagehide", heard);

const started = start();
started.finally(keepShell);
beforeDropping(endPictures);
started.then(keepPush).catch(() => {}); // It is told again on the next visit.

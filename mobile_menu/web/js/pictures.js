// The pictures of the guides that this phone keeps, so that a guide is whole without a connection too. The worker (sw.js)
// answers with them; which ones are kept follows from the menus that are.

import { store } from "./store.js";

const CACHE = "throughline-pictures";

let work = Promise.resolve();
let ended = false;

/** Keeps the pictures of all kept menus, and no other; one run after the other, as menus come. */
export function keepPictures() {
  if (!window.caches || ended) return work;
  work = work.then(keep).catch(() => {}); // Storage is denied, or the line broke: the next menu tries again.
  return work;
}

/** Keeps none from now on; resolves when nothing is under way any more. */
export function endPictures() {
  ended = true;
  return work;
}

function wantedNow() {
  const items = store.keptMenus().flatMap((menu) => menu.sections).flatMap((section) => section.items);
  return new Set(items.flatMap((item) => item.steps ?? []).map((step) => step.picture).filter(Boolean));
}

async function keep() {
  const wanted = wantedNow();
  if (!wanted.size && !(await caches.has(CACHE))) return;
  const cache = await caches.open(CACHE);
  const had = new Set();
  for (const request of await cache.keys()) {
    const path = new URL(request.url).pathname;
    if (wanted.has(path)) had.add(path);
    else await cache.delete(request);
  }
  for (const path of wanted) {
    if (ended) return;
    if (had.has(path)) continue;
    const response = await fetch(path);
    // Meanwhile another menu may have come, which is not to be kept.
    if (response.ok && !ended && wantedNow().has(path)) await cache.put(path, response);
  }
}

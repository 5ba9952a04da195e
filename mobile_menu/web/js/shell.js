// The worker that keeps the offline shell (sw.js): when it begins, when a newer one takes its place, and its end.

const SCOPE = "/app"; // Without a slash at its end: the page is also there, and would not be kept.
const INSTALLING_MS = 10_000;

let left = false;
const endings = [];

/** work() resolves when it keeps nothing any more: it is waited for before everything is dropped. */
export function beforeDropping(work) {
  endings.push(work);
}

/** Has the shell kept: called when the page has what it came for, as the line is then free. */
export async function keepShell() {
  const workers = navigator.serviceWorker;
  if (!workers || left) return;
  let controlled = workers.controller !== null;
  const registration = await workers.register("/app/sw.js", { scope: SCOPE, updateViaCache: "none" }).catch(() => null);
  if (!registration) return; // Storage is denied, or the page is not a secure one: then there is no offline.
  await endNarrower();
  workers.addEventListener("controllerchange", () => {
    if (controlled && unwatched()) location.reload();
    controlled = true;
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) registration.update().catch(() => {});
    else if (unwatched()) registration.waiting?.postMessage("take over");
  });
}

/** Pages of before had it keep only what is below `/app/`: that would go before this one there. */
async function endNarrower() {
  const all = await navigator.serviceWorker.getRegistrations();
  await Promise.all(all.filter((one) => new URL(one.scope).pathname !== SCOPE).map((one) => one.unregister()));
}

/** Whether a reload would disturb nobody: the page is not seen, nothing lies over it, and nothing is half written. */
function unwatched() {
  return document.hidden && !document.querySelector("dialog[open]") && [...document.querySelectorAll("input, textarea")].every((field) => !field.value);
}

/** Forgets the shell and all that is kept beside it; nothing is kept any more on this visit. */
export async function dropShell() {
  left = true;
  await Promise.all(endings.map((work) => work()));
  // Where storage is denied, even asking what there is may be refused: then there is nothing.
  const registrations = await navigator.serviceWorker?.getRegistrations().catch(() => []) ?? [];
  await Promise.all(registrations.map(async (registration) => {
    await settled(registration.installing); // else it goes on keeping what we are about to drop
    await registration.unregister();
  }));
  const names = await window.caches?.keys().catch(() => []) ?? [];
  await Promise.all(names.map((name) => caches.delete(name)));
}

function settled(worker) {
  if (worker?.state !== "installing") return null;
  return new Promise((resolve) => {
    worker.addEventListener("statechange", resolve, { once: true });
    setTimeout(resolve, INSTALLING_MS);
  });
}

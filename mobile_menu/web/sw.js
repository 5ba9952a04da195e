// The offline shell: the page's own files, from the network while there is one, else as they were last seen.
// Menus are not kept here: the page keeps the last one itself (js/store.js), so that leaving wipes one place.

const SHELL = "throughline-shell-4";
const PATIENCE_MS = 4000;
const FILES = [
  "/app/",
  "/app/app.css",
  "/app/app.js",
  "/app/icon.svg",
  "/app/manifest.webmanifest",
  "/app/js/account.js",
  "/app/js/api.js",
  "/app/js/because.js",
  "/app/js/case.js",
  "/app/js/claim.js",
  "/app/js/dom.js",
  "/app/js/guide.js",
  "/app/js/held.js",
  "/app/js/icons.js",
  "/app/js/items.js",
  "/app/js/live.js",
  "/app/js/menu.js",
  "/app/js/offer.js",
  "/app/js/pages.js",
  "/app/js/people.js",
  "/app/js/privacy.js",
  "/app/js/session.js",
  "/app/js/sheets.js",
  "/app/js/store.js",
  "/app/js/switcher.js",
  "/app/js/ticket.js",
  "/app/js/why.js",
  "/app/js/words-people.js",
  "/app/js/words.js",
  "/app/js/choosing.js",
  "/app/js/complain.js",
  "/app/js/frame.js",
  "/app/js/journeys.js",
  "/app/js/open.js",
  "/app/js/state.js",
  "/app/vendor/eventsource-parser/index.js",
];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name !== SHELL).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const ours = url.origin === self.location.origin && (url.pathname === "/app" || url.pathname.startsWith("/app/"));
  if (event.request.method === "GET" && ours) event.respondWith(fresh(event));
});

async function fresh(event) {
  const cache = await caches.open(SHELL);
  // Every address of the page is the same page: the journey in its query must not make a copy of its own.
  const key = event.request.mode === "navigate" ? "/app/" : event.request;
  const network = fetch(event.request).then((response) => {
    if (response.ok && !response.redirected) event.waitUntil(cache.put(key, response.clone()));
    return response;
  });
  network.catch(() => {});
  const kept = await cache.match(key, { ignoreSearch: true });
  if (!kept) return network;
  const late = new Promise((resolve) => { setTimeout(resolve, PATIENCE_MS, kept); });
  return Promise.race([network.then((response) => (response.status < 500 ? response : kept), () => kept), late]);
}

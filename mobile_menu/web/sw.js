// The offline shell: the page's own files, kept as one version, and the pictures of the guides that the phone has kept.
// Menus are not kept here: the page keeps the last ones itself (js/store.js), so that leaving wipes one place.

/** version: of all files together. files: the address of each with its content's digest. The service writes both. */
const SHELL = { version: "", files: {} };

importScripts("/app/push-worker.js");

const NAME = `throughline-shell-${SHELL.version}`;
const PICTURES = "throughline-pictures"; // js/pictures.js fills and empties it.
const PICTURE = /^\/menu\/v1\/pictures\/[^/]+$/;

self.addEventListener("install", (event) => { event.waitUntil(keepAll()); });

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOthers().then(() => self.clients.claim()));
});

// A new version waits until no page of the one before is open, or until the page says that nobody is looking.
self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== self.location.origin) return;
  if (PICTURE.test(url.pathname)) event.respondWith(picture(event.request));
  else if (event.request.mode === "navigate" && isPage(url.pathname)) event.respondWith(kept("/app/", event.request));
  else if (url.pathname in SHELL.files) event.respondWith(kept(url.pathname, event.request));
});

/** Every address of the page is the same page: the journey in its query, or a way below it, makes no other. */
function isPage(path) {
  return path === "/app" || (path.startsWith("/app/") && !path.includes("."));
}

/** All files of this version or none: what has changed on the way is of another version, and its worker comes next. */
async function keepAll() {
  const cache = await caches.open(NAME);
  await Promise.all(Object.entries(SHELL.files).map(async ([path, digest]) => {
    const response = await fetch(path, { cache: "no-cache" });
    if (!response.ok || response.redirected) throw new Error(`${path}: ${response.status}`);
    if (digest && !(response.headers.get("ETag") ?? "").includes(digest)) throw new Error(`${path} is of another version`);
    await cache.put(path, response);
  }));
}

async function dropOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== NAME && name !== PICTURES).map((name) => caches.delete(name)));
}

/** As it is kept, so that the page opens at once and all of it is of one version; else from the network. */
async function kept(path, request) {
  const cache = await caches.open(NAME);
  return await cache.match(path, { ignoreVary: true }) ?? fetch(request);
}

async function picture(request) {
  const found = await caches.match(request.url, { cacheName: PICTURES });
  return found ?? fetch(request);
}

// What the service worker does with push messages (sw.js takes this file in): shows them, and opens what they are about.

self.addEventListener("push", (event) => {
  const told = read(event.data);
  if (!told) return;
  event.waitUntil(self.registration.showNotification(told.title, {
    body: told.body, lang: told.lang, dir: told.dir, tag: told.tag, data: { url: told.url },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data?.url));
});

/** The message; null for what is none of ours. Only addresses of the page itself are opened. */
function read(data) {
  try {
    const told = data.json();
    const { origin, pathname } = new URL(told.url, self.location.origin);
    return told.title && origin === self.location.origin && pathname.startsWith("/app/") ? told : null;
  } catch {
    return null;
  }
}

/** A page that is open on it already comes to the front; else a new one opens. */
async function show(url) {
  const wanted = new URL(url ?? "/app/", self.location.origin);
  if (wanted.origin !== self.location.origin) return;
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const same = pages.find((page) => new URL(page.url).searchParams.get("journey") === wanted.searchParams.get("journey"));
  await (same ? same.focus() : self.clients.openWindow(wanted.href));
}

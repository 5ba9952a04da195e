// What the phone remembers: its session, the last menu of each journey, the journey last looked at. All under one prefix.

const PREFIX = "throughline.";
const memory = new Map();

function write(name, value) {
  memory.set(name, value);
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Private browsing or a full disk: this visit goes on from memory.
  }
}

function read(name) {
  try {
    const text = localStorage.getItem(PREFIX + name);
    if (text !== null) return JSON.parse(text);
  } catch {
    // Not readable: as if it had not been there.
  }
  return memory.get(name) ?? null;
}

function remove(name) {
  memory.delete(name);
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // As above.
  }
}

export const store = {
  /** {token, refresh, until, ahead, key}: times in ms since 1970. A page of before kept one token, which refreshes. */
  get session() {
    const known = read("session");
    if (known) return known;
    const before = read("token");
    return before ? { token: null, refresh: before } : null;
  },
  set session(value) {
    remove("token");
    if (value) write("session", value); else remove("session");
  },
  get journey() { return read("journey"); },
  set journey(value) { if (value) write("journey", value); else remove("journey"); },
  /** The transfer that this phone waits for: its owner has not confirmed yet. */
  get receiving() { return read("receiving"); },
  set receiving(value) { if (value) write("receiving", value); else remove("receiving"); },
  get journeys() { return read("journeys") ?? []; },
  set journeys(value) { write("journeys", value); },

  /** {menu, at}: `at` is when it was last known to be right, in ms since 1970. */
  lastMenu(journey) { return read(`menu.${journey}`); },
  /** A menu that ends by itself, because it shows what only is to be seen beside the product, is kept nowhere. */
  keepMenu(menu) {
    if (menu.until) remove(`menu.${menu.journey}`);
    else write(`menu.${menu.journey}`, { menu, at: Date.now() });
  },
  dropMenu(journey) { remove(`menu.${journey}`); },

  /** Forgets everything that this origin holds on this phone, the offline shell included. */
  async wipe() {
    memory.clear();
    try {
      localStorage.clear();
      sessionStorage.clear();
    } catch {
      // There was nothing to clear.
    }
    if ("caches" in window) await Promise.all((await caches.keys()).map((name) => caches.delete(name)));
    const workers = (await navigator.serviceWorker?.getRegistrations()) ?? [];
    await Promise.all(workers.map((worker) => worker.unregister()));
  },
};

// What the phone remembers: the last menu of each journey, the journey last looked at, all under one prefix; and how all
// of it is forgotten. The session, which tabs share and change at the same time, is held.js's.

import { held } from "./held.js";
import { dropShell } from "./shell.js";

const PREFIX = "throughline.";
/** Of a journey, besides its menu: its parcel's story, a message that is not written to its end, those that are not sent
 * yet, and how far the conversation was read. */
const KINDS = ["parcel", "draft", "unsent", "read", "ticks"];
const memory = new Map(); // what could not be stored
/** What is not of journeys: it stays when only those are forgotten. */
const STAYS = ["session", "language", "theme", "text"];

function write(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
    memory.delete(name); // else it would come back after another tab has removed it
  } catch {
    memory.set(name, value); // Private browsing or a full disk: this visit goes on from memory.
  }
}

function read(name) {
  if (memory.has(name)) return memory.get(name);
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name));
  } catch {
    return null; // Not readable: as if it had not been there.
  }
}

function remove(name) {
  memory.delete(name);
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // As above.
  }
}

/** The names of all that is remembered. */
function names() {
  const found = new Set(memory.keys());
  try {
    Object.keys(localStorage).filter((name) => name.startsWith(PREFIX)).forEach((name) => found.add(name.slice(PREFIX.length)));
  } catch {
    // Only in memory then.
  }
  return [...found];
}

function namesOf(kind, journey) {
  return names().filter((name) => name.startsWith(`${kind}.${journey}.`));
}

export const store = {
  get journey() { return read("journey"); },
  set journey(value) { if (value) write("journey", value); else remove("journey"); },
  /** The transfer that this phone waits for: its owner has not confirmed yet. */
  get receiving() { return read("receiving"); },
  set receiving(value) { if (value) write("receiving", value); else remove("receiving"); },
  get journeys() { return read("journeys") ?? []; },
  set journeys(value) { write("journeys", value); },

  /** The language that was chosen in the settings; null: as the phone and the menu have it. */
  get language() { return read("language"); },
  set language(value) { if (value) write("language", value); else remove("language"); },
  /** How the page looks and how large its text is (preferences.js); null: as the phone has it. */
  get theme() { return read("theme"); },
  set theme(value) { if (value) write("theme", value); else remove("theme"); },
  get text() { return read("text"); },
  set text(value) { if (value) write("text", value); else remove("text"); },

  /** {menu, at}: `at` is when it was last known to be right, in ms since 1970. */
  lastMenu(journey) { return read(`menu.${journey}`); },
  /** A menu that ends by itself, because it shows what only is to be seen beside the product, is kept nowhere. */
  keepMenu(menu) {
    if (menu.until) remove(`menu.${menu.journey}`);
    else write(`menu.${menu.journey}`, { menu, at: Date.now() });
  },
  /** The menu that is kept was still right at that moment. */
  touchMenu(journey, at) {
    const kept = read(`menu.${journey}`);
    if (kept) write(`menu.${journey}`, { ...kept, at });
  },
  keptMenus() { return names().filter((name) => name.startsWith("menu.")).map((name) => read(name)?.menu).filter(Boolean); },
  dropMenu(journey) {
    ["menu", ...KINDS].forEach((kind) => { [`${kind}.${journey}`, ...namesOf(kind, journey)].forEach(remove); });
  },

  /** What else is kept of a journey. kind: one of KINDS. */
  kept(kind, journey) { return read(`${kind}.${journey}`); },
  keep(kind, journey, value) { if (value) write(`${kind}.${journey}`, value); else remove(`${kind}.${journey}`); },

  /** The same for what is kept in pieces, each under a key of its own, so that tabs take nothing from each other. */
  each(kind, journey) { return namesOf(kind, journey).map(read).filter(Boolean); },
  keepOne(kind, journey, key, value) { this.keep(kind, `${journey}.${key}`, value); },
  /** work() when another tab has changed a piece; returns what ends that. */
  onOther(kind, journey, work) {
    const start = `${PREFIX}${kind}.${journey}.`;
    const heard = (event) => { if (event.key?.startsWith(start)) work(); };
    addEventListener("storage", heard);
    return () => removeEventListener("storage", heard);
  },

  /** Forgets what was kept of journeys; the session stays. */
  forgetJourneys() {
    names().filter((name) => !STAYS.includes(name)).forEach(remove);
  },

  /** Forgets everything that this origin holds on this phone, the offline shell included. */
  async wipe() {
    memory.clear();
    try {
      localStorage.clear();
      sessionStorage.clear();
    } catch {
      // There was nothing to clear.
    }
    await held.wipe();
    await dropShell();
  },
};

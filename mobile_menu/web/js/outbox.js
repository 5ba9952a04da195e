// Messages that are not sent yet: kept on this phone until the service has them, and sent in their order, each once, also
// when their conversation is closed. Each is kept by itself: what two tabs write at once takes nothing from either.

import { api, Problem, Unreachable } from "./api.js";
import { newKey } from "./session.js";
import { store } from "./store.js";

const KIND = "unsent";
const LOCK = "throughline.unsent";

const come = new Map(); // by key: how far this page has come with it (sending, failed); else it waits
const sending = new Map(); // by journey
const quiet = { changed() {}, sent() {}, complain() {} };
let watching = quiet;

/** What is not sent yet, in its order, with its state: waiting, sending or failed. */
export function unsent(journey) {
  const all = store.each(KIND, journey).sort((a, b) => a.at.localeCompare(b.at));
  return all.map((one) => ({ ...one, state: come.get(one.key) ?? "waiting" }));
}

/** Puts a message aside. thread: null begins a conversation. */
export function putOut(journey, text, thread) {
  const key = newKey();
  store.keepOne(KIND, journey, key, { key, id: key, text, thread, author: "customer", at: new Date().toISOString() });
  watching.changed();
}

/**
 * The open conversation is told: sent(thread) when the service has a message; changed() when what waits is another, in
 * this tab or in another one; complain(error) for what the service refused. Returns what ends it.
 */
export function watch(journey, watcher) {
  watching = watcher;
  const deaf = store.onOther(KIND, journey, watcher.changed);
  return () => { deaf(); if (watching === watcher) watching = quiet; };
}

/** Sends what waits for a journey; resolves to how many the service has now. What is not sent stays. */
export function sendUnsent(journey) {
  if (!sending.has(journey)) sending.set(journey, alone(() => send(journey)).finally(() => sending.delete(journey)));
  return sending.get(journey);
}

/** One tab at a time, where the browser can; else the key alone sees to it that a message happens once. */
async function alone(work) {
  let begun = false;
  try {
    return await navigator.locks.request(LOCK, () => { begun = true; return work(); });
  } catch (error) {
    if (begun) throw error;
    return work();
  }
}

/** One after the other: the next only when the one before has arrived. */
async function send(journey) {
  let sent = 0;
  for (let one = unsent(journey)[0]; one && navigator.onLine; one = unsent(journey)[0]) {
    mark(one, "sending");
    try {
      const thread = await delivered(journey, one); // under its own key: what got through before happens once
      store.keepOne(KIND, journey, one.key, null);
      come.delete(one.key);
      sent += 1;
      watching.changed();
      watching.sent(thread);
    } catch (error) {
      mark(one, "failed");
      if (!(error instanceof Unreachable)) watching.complain(error);
      return sent;
    }
  }
  return sent;
}

function mark(one, state) {
  come.set(one.key, state);
  watching.changed();
}

/** Adds it to its thread; when that was closed meanwhile, the text begins another one. */
async function delivered(journey, one) {
  if (!one.thread) return api.openCase(journey, one.text, one.key);
  try {
    return await api.say(one.thread, one.text, one.key);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "conflict") throw error;
    return api.openCase(journey, one.text, one.key);
  }
}

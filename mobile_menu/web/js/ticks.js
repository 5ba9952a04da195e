// Choices made without a connection that are as right an hour later: ticking a step of a list. They wait on this phone, and
// go out once, under the key that they were first tried with. Everything else asks for a connection, and says so.

import { api, Problem } from "./api.js";
import { store } from "./store.js";

let sending = null;

const ticksOf = (journey) => store.kept("ticks", journey) ?? [];
const keep = (journey, ticks) => store.keep("ticks", journey, ticks.length ? ticks : null);

/** Whether choosing the item may wait: it ticks a step, which does nothing else and is not asked about. */
export function mayWait(item) {
  return item.done === false && item.action?.method === "POST" && !item.action.confirm;
}

/** Puts it aside. key: the one that it was tried with, as it may have got through after all. */
export function putAside(journey, item, key) {
  keep(journey, [...ticksOf(journey).filter((one) => one.item !== item.id), { item: item.id, key }]);
}

/** The key under which the item waits, if it does: tapped once more, it is still the same choice. */
export function waitingKey(journey, item) {
  return ticksOf(journey).find((one) => one.item === item.id)?.key ?? null;
}

/** It has been seen to in another way: nothing waits any more under this key. */
export function seenTo(journey, key) {
  keep(journey, ticksOf(journey).filter((one) => one.key !== key));
}

/** How many wait for this journey. */
export function waitingFor(journey) {
  return ticksOf(journey).length;
}

/** Sends what waits for a journey; resolves to how many got through. One that is not on offer any more is dropped. */
export function sendWaiting(journey) {
  sending ??= send(journey).finally(() => { sending = null; });
  return sending;
}

async function send(journey) {
  let sent = 0;
  for (const one of ticksOf(journey)) {
    try {
      await api.choose(one.item, journey, {}, one.key);
      sent += 1;
    } catch (error) {
      // The machine has seen to it, or the menu has moved on: what it says now counts.
      if (!(error instanceof Problem) || error.status >= 500 || error.status === 429) return sent;
    }
    seenTo(journey, one.key);
  }
  return sent;
}

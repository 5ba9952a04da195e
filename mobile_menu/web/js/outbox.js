// Messages that are not sent yet: kept on this phone until the service has them, and sent in their order, each once.

import { Unreachable } from "./api.js";
import { newKey } from "./session.js";
import { store } from "./store.js";

/**
 * The journey's outbox. send(one) sends {text, thread, key}; sent(answer) when the service has it; changed() when what
 * waits is another; complain(error) for what the service refused. thread: null begins a conversation.
 */
export function createOutbox(journey, { send, sent, changed, complain }) {
  let waiting = (store.kept("unsent", journey) ?? []).map((one) => ({ ...one, state: "waiting" }));
  let busy = false;

  function keep(next) {
    waiting = next;
    store.keep("unsent", journey, waiting.length ? waiting : null);
    changed();
  }

  const mark = (one, state) => keep(waiting.map((other) => (other.key === one.key ? { ...other, state } : other)));

  /** One after the other: the next only when the one before has arrived. */
  async function flush() {
    if (busy) return;
    busy = true;
    try {
      for (let one = waiting[0]; one && navigator.onLine; one = waiting[0]) {
        mark(one, "sending");
        const answer = await send(one); // under its own key: what got through before happens once
        keep(waiting.filter((other) => other.key !== one.key));
        sent(answer);
      }
    } catch (error) {
      if (waiting[0]) mark(waiting[0], "failed");
      if (!(error instanceof Unreachable)) complain(error);
    } finally {
      busy = false;
    }
  }

  return {
    put(text, thread) {
      keep([...waiting, { key: newKey(), id: newKey(), text, thread, author: "customer", at: new Date().toISOString(), state: "waiting" }]);
      flush();
    },
    again: flush,
    flush,
    waiting: () => waiting,
  };
}

// The live line to one journey: server-sent events over fetch, opened again with growing patience when it breaks.

import { createParser } from "../vendor/eventsource-parser/index.js";
import { lineAhead } from "./ahead.js";
import { api, Problem } from "./api.js";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const SILENCE_MS = 75_000; // The service sends a comment well within this; more silence is a dead line.

/**
 * Opens the line. onEvent(name, value); onUp(); onHeard() with every sign of life; onDown(error) after each break; a refusal for good (403, 404, 410)
 * goes to onRefused(problem) and ends it. Returns {close, hurry, renew}: hurry tries again now, if it is waiting to; renew
 * does not trust the line that is there either, and opens another one in its place.
 */
export function openLive(journey, { onEvent, onUp, onHeard, onDown, onRefused }) {
  const ending = new AbortController();
  let lastEventId = "";
  let wait = FIRST_WAIT_MS;
  let wake = () => {};
  let leave = () => {};

  /** Resolves to true when the service ends the line only to have it opened again, with a newer token. */
  async function listen() {
    let again = false;
    const broken = new AbortController();
    const stop = () => broken.abort();
    leave = () => { again = true; stop(); };
    ending.signal.addEventListener("abort", stop);
    let watchdog = setTimeout(stop, SILENCE_MS);
    try {
      const response = await (lineAhead(journey, broken.signal) ?? api.stream(journey, lastEventId, broken.signal));
      onUp();
      wait = FIRST_WAIT_MS;
      const parser = createParser({
        onEvent(event) {
          if (event.id !== undefined) lastEventId = event.id;
          if (event.event === "renew") again = true;
          else if (!ending.signal.aborted) onEvent(event.event ?? "message", JSON.parse(event.data));
        },
        onRetry(ms) { wait = Math.min(ms, LONGEST_WAIT_MS); },
      });
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        clearTimeout(watchdog);
        watchdog = setTimeout(stop, SILENCE_MS);
        onHeard();
        parser.feed(chunk.value);
      }
      return again;
    } catch (error) {
      if (again && broken.signal.aborted) return true; // left for another one
      throw error;
    } finally {
      leave = () => {};
      clearTimeout(watchdog);
      ending.signal.removeEventListener("abort", stop);
    }
  }

  function pause() {
    const jitter = wait * (0.5 + Math.random() / 2);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, jitter);
      wake = () => { clearTimeout(timer); resolve(); };
    });
  }

  async function run() {
    while (!ending.signal.aborted) {
      let error = null;
      try {
        if (await listen()) continue;
      } catch (caught) {
        error = caught;
      }
      if (ending.signal.aborted) return;
      if (error instanceof Problem && [403, 404, 410].includes(error.status)) {
        onRefused(error);
        return;
      }
      onDown(error);
      await pause();
    }
  }

  run();
  return {
    close() { ending.abort(); wake(); },
    hurry() { wait = FIRST_WAIT_MS; wake(); },
    renew() { wait = FIRST_WAIT_MS; leave(); wake(); },
  };
}

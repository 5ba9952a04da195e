// The live line to one journey: server-sent events over fetch, opened again with growing patience when it breaks.

import { createParser } from "../vendor/eventsource-parser/index.js";
import { lineAhead } from "./ahead.js";
import { api, Problem } from "./api.js";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;
const SILENCE_MS = 75_000; // The service sends a comment well within this; more silence is a dead line.
const UNSEEN_MS = 3000; // Somebody who looks into another tab for a moment is still here.
const RESTS = "rests";

/**
 * Opens the line. onEvent(name, value); onUp(); onHeard() with every sign of life; onDown(error) after each break; a refusal for good (403, 404, 410)
 * goes to onRefused(problem) and ends it. While nobody sees the page the line is at rest: the service takes an open one for somebody who reads, and
 * sends no push message. onBack(): somebody is back, and the line is opened anew. Returns {close, hurry, renew}: hurry tries again now, if it is
 * waiting to; renew does not trust the line that is there either, and opens another one in its place.
 */
export function openLive(journey, { onEvent, onUp, onHeard, onBack, onDown, onRefused }) {
  const ending = new AbortController();
  let line = new AbortController();
  let resting = false;
  let lastEventId = "";
  let wait = FIRST_WAIT_MS;
  let wake = () => {};
  let leave = () => {};

  /** Resolves to true when the service ends the line only to have it opened again, with a newer token. */
  async function listen() {
    let again = false;
    const broken = new AbortController();
    line = broken;
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

  function rest() {
    resting = true;
    line.abort(RESTS);
    wake();
  }

  function back() {
    clearTimeout(unseen);
    wait = FIRST_WAIT_MS;
    if (resting) onBack();
    resting = false;
    wake();
  }

  let unseen = 0;
  function look() {
    clearTimeout(unseen);
    if (document.hidden) unseen = setTimeout(rest, UNSEEN_MS);
    else back();
  }

  async function run() {
    while (!ending.signal.aborted) {
      if (resting) {
        await new Promise((resolve) => { wake = resolve; });
        continue;
      }
      let error = null;
      try {
        if (await listen()) continue;
      } catch (caught) {
        error = caught;
      }
      if (ending.signal.aborted) return;
      if (line.signal.reason === RESTS) continue; // Ended by us: nothing is broken.
      if (error instanceof Problem && [403, 404, 410].includes(error.status)) {
        onRefused(error);
        return;
      }
      onDown(error);
      await pause();
    }
  }

  const here = { signal: ending.signal };
  document.addEventListener("visibilitychange", look, here);
  document.addEventListener("freeze", rest, here); // Nothing runs from here on, and no timer either.
  addEventListener("pagehide", rest, here);
  addEventListener("pageshow", look, here);
  if (document.hidden) look();
  run();
  return {
    close() { ending.abort(); clearTimeout(unseen); wake(); },
    hurry() { wait = FIRST_WAIT_MS; wake(); },
    renew() { wait = FIRST_WAIT_MS; leave(); wake(); },
  };
}

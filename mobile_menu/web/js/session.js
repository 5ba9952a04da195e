// The session of this browser: an access token that lasts minutes, and a refresh token that fetches the next pair, once.
// All tabs share both; one of them refreshes at a time, as a refresh token that comes twice ends the session.

import { held } from "./held.js";

const LOCK = "throughline.session";
const TURN_MS = 10_000; // Longer than a refresh; as long as others wait for a tab that died in its turn.
const LOOK_MS = 100;
const AHEAD = 0.8; // Of a token's life: the next one is fetched before the first call needs it.
const AGAIN_MS = 30_000;

let timer = 0;
let refused = ""; // The access token that the service took no more, whatever its time says.
let endedBefore = false;
let onEnded = () => { endedBefore = true; };

/** work(): when the service has ended the session, and before a new one begins; at once when that has been already. */
export function whenEnded(work) {
  onEnded = work;
  if (endedBefore) work();
}

/** A key that names one intention: the same key, the same effect, however often it is sent. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** One at a time, of all tabs. Browsers lock on secure pages, and where storage is allowed; else tabs take turns. */
async function alone(work) {
  let begun = false;
  try {
    return await navigator.locks.request(LOCK, () => { begun = true; return work(); });
  } catch (error) {
    if (begun) throw error;
    return inTurn(work);
  }
}

let queue = Promise.resolve();
function inTurn(work) {
  const turn = queue.then(async () => {
    const mine = newKey();
    while (!(await held.turn(mine, TURN_MS))) await new Promise((resolve) => { setTimeout(resolve, LOOK_MS); });
    return work().finally(() => held.over(mine));
  });
  queue = turn.catch(() => {});
  return turn;
}

const counts = (session) => Boolean(session?.token) && session.token !== refused && session.until > Date.now();
/** About to be refreshed: the key is kept until the answer has come, so that asking again is the same request. */
const keyed = (session) => (session?.refresh ? { ...session, key: session.key ?? newKey() } : session);
const same = (one, other) => (one?.refresh ?? null) === (other?.refresh ?? null);

/** An access token that counts. send and checked: how the service is called. The cookie of one of our links goes along. */
export function token(send, checked) {
  if (counts(held.now)) {
    lookAhead(send, checked);
    return Promise.resolve(held.now.token);
  }
  return alone(async () => {
    const now = await held.change((session) => (counts(session) ? session : keyed(session)));
    // Another tab, or the call before this one, was here first.
    if (counts(now)) return now.token;
    const next = now?.refresh ? await refreshed(now, send, checked) : null;
    return next ?? begun(send, checked);
  });
}

/** This token was refused, whatever its time says. Only noted: another tab may have kept a newer one by now. */
export function dropToken(token) {
  if (token === held.now?.token) refused = token;
}

async function begun(send, checked) {
  const response = await send("/session", { method: "POST", headers: { "Idempotency-Key": newKey() } }).then(checked);
  return keep(null, await response.json(), send, checked);
}

/** The next pair; null when the service has ended the session. */
async function refreshed(known, send, checked) {
  const response = await send("/session/refresh", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": known.key },
    body: JSON.stringify({ refresh_token: known.refresh }),
  });
  if (response.status === 401) {
    const left = await held.change((session) => (same(session, known) ? null : session));
    if (counts(left)) return left.token; // Ended was the one before it.
    onEnded();
    return null;
  }
  return keep(known, await checked(response).then((answer) => answer.json()), send, checked);
}

/** Keeps the pair in the place of the one before, unless somebody has signed out or begun anew in the meantime. */
async function keep(before, pair, send, checked) {
  const lasts = pair.expires_in_s * 1000;
  // By this phone's own clock: whether that is right does not matter.
  const next = { token: pair.token, refresh: pair.refresh_token, until: Date.now() + lasts, ahead: Date.now() + lasts * AHEAD };
  await held.change((session) => (same(session, before) ? next : session));
  lookAhead(send, checked);
  return pair.token;
}

/** Fetches the next pair in time, while somebody looks at the page. */
function lookAhead(send, checked) {
  clearTimeout(timer);
  if (!held.now) return;
  const due = held.now.ahead ?? 0;
  timer = setTimeout(() => {
    if (document.hidden) { timer = setTimeout(() => lookAhead(send, checked), AGAIN_MS); return; }
    renew(send, checked).catch(() => { timer = setTimeout(() => lookAhead(send, checked), AGAIN_MS); });
  }, Math.max(0, Math.min(due - Date.now(), 2 ** 31 - 1)));
}

function renew(send, checked) {
  return alone(async () => {
    if (!held.now) return null; // Signed out in the meantime: nothing of it comes back.
    const now = await held.change((session) => (session?.ahead > Date.now() ? session : keyed(session)));
    if (!now?.refresh) return null;
    if (now.ahead > Date.now()) { lookAhead(send, checked); return now.token; }
    return refreshed(now, send, checked);
  });
}

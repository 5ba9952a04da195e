// The session of this browser: an access token that lasts minutes, and a refresh token that fetches the next pair, once.
// All tabs share both; one of them refreshes at a time, as a refresh token that comes twice ends the session.

import { store } from "./store.js";

const LOCK = "throughline.session";
const AHEAD = 0.8; // Of a token's life: the next one is fetched before the first call needs it.
const AGAIN_MS = 30_000;

let timer = 0;
let onEnded = () => {};

/** work(): when the service has ended the session, and before a new one begins. */
export function whenEnded(work) {
  onEnded = work;
}

/** A key that names one intention: the same key, the same effect, however often it is sent. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Browsers lock across tabs only on secure pages; elsewhere the service's few seconds of grace have to do. */
let queue = Promise.resolve();
function alone(work) {
  if (navigator.locks) return navigator.locks.request(LOCK, work);
  const turn = queue.then(work, work);
  queue = turn.catch(() => {});
  return turn;
}

/** An access token that counts. send and checked: how the service is called. The cookie of one of our links goes along. */
export function token(send, checked) {
  const known = store.session;
  if (known?.token && known.until > Date.now()) {
    lookAhead(send, checked);
    return Promise.resolve(known.token);
  }
  return alone(async () => {
    const now = store.session;
    // Another tab, or the call before this one, was here first.
    if (now?.token && now.until > Date.now()) return now.token;
    const next = now?.refresh ? await refreshed(now, send, checked) : null;
    return next ?? begun(send, checked);
  });
}

/** This token was refused, whatever its time says. */
export function dropToken(refused) {
  const known = store.session;
  if (known?.token === refused) store.session = { ...known, token: null };
}

async function begun(send, checked) {
  const response = await send("/session", { method: "POST", headers: { "Idempotency-Key": newKey() } }).then(checked);
  return keep(await response.json(), send, checked);
}

/** The next pair; null when the service has ended the session. The key stays until the answer has come. */
async function refreshed(known, send, checked) {
  const key = known.key ?? newKey();
  store.session = { ...known, key };
  const response = await send("/session/refresh", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": key },
    body: JSON.stringify({ refresh_token: known.refresh }),
  });
  if (response.status === 401) {
    store.session = null;
    onEnded();
    return null;
  }
  return keep(await checked(response).then((answer) => answer.json()), send, checked);
}

function keep(pair, send, checked) {
  const lasts = pair.expires_in_s * 1000;
  // By this phone's own clock: whether that is right does not matter.
  store.session = { token: pair.token, refresh: pair.refresh_token, until: Date.now() + lasts, ahead: Date.now() + lasts * AHEAD };
  lookAhead(send, checked);
  return pair.token;
}

/** Fetches the next pair in time, while somebody looks at the page. */
function lookAhead(send, checked) {
  clearTimeout(timer);
  const due = store.session?.ahead ?? 0;
  timer = setTimeout(() => {
    if (document.hidden) { timer = setTimeout(() => lookAhead(send, checked), AGAIN_MS); return; }
    renew(send, checked).catch(() => { timer = setTimeout(() => lookAhead(send, checked), AGAIN_MS); });
  }, Math.max(0, Math.min(due - Date.now(), 2 ** 31 - 1)));
}

function renew(send, checked) {
  return alone(async () => {
    const now = store.session;
    if (!now?.refresh) return null;
    if (now.ahead > Date.now()) { lookAhead(send, checked); return now.token; }
    return refreshed(now, send, checked);
  });
}

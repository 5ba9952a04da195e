// The phone service over HTTP: who asks, in which language, and a key for every POST. No element of the page is known here.

import { checked, Problem, send, Unreachable } from "./calls.js";
import { dropToken, newKey, token } from "./session.js";
import { store } from "./store.js";

export { Problem, Unreachable };

const RETRY_AFTER_MS = 800;

async function authorised(path, options, retry = true) {
  const bearer = await token(send, checked);
  const spoken = store.language ? { "Accept-Language": store.language } : {}; // Else the browser says what it prefers.
  const headers = { ...options.headers, ...spoken, Authorization: `Bearer ${bearer}` };
  const response = await send(path, { ...options, headers });
  if (response.status !== 401 || !retry) return checked(response);
  dropToken(bearer);
  return authorised(path, options, false);
}

async function get(path) {
  return (await authorised(path, { headers: { Accept: "application/json" } })).json();
}

/** A POST; when the line breaks, once more under the same key, so that it happens once. */
async function post(path, body, key = newKey()) {
  const options = {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", "Idempotency-Key": key },
    body: JSON.stringify(body ?? {}),
  };
  let response;
  try {
    response = await authorised(path, options);
  } catch (error) {
    if (!(error instanceof Unreachable) || !navigator.onLine) throw error;
    await new Promise((resolve) => { setTimeout(resolve, RETRY_AFTER_MS); });
    response = await authorised(path, options);
  }
  return response.status === 204 ? null : response.json();
}

const underWay = new Map();

/** What is being sent under a key is not sent beside it: whoever asks for the same meanwhile gets the same answer. */
function once(key, sending) {
  const answer = underWay.get(key) ?? sending().finally(() => underWay.delete(key));
  underWay.set(key, answer);
  return answer;
}

async function put(path, body) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  return (await authorised(path, { method: "PUT", headers, body: JSON.stringify(body) })).json();
}

async function drop(path) {
  await authorised(path, { method: "DELETE", headers: { Accept: "application/json" } });
}

const enc = encodeURIComponent;
const unit = (product, rest) => `/products/${enc(product)}/${rest}`;

export const api = {
  /** Whether the service is a demo, whose phones may simulate beacons; known once the journeys were asked for. */
  simulates: false,

  async journeys() {
    const items = [];
    let cursor = null;
    do {
      const page = await get(`/journeys${cursor ? `?cursor=${enc(cursor)}` : ""}`);
      items.push(...page.items);
      api.simulates = page.simulation === true;
      cursor = page.next;
    } while (cursor);
    return items;
  },
  menu: (journey) => get(`/menu?journey=${enc(journey)}`),
  /** said: what is chosen of it, or whether it helped, when there is something to say. */
  choose: (item, journey, said = {}, key = newKey()) => once(key, () => post(`/items/${enc(item)}`, { journey, ...said }, key)),
  simulation: (journey) => get(`/simulation?journey=${enc(journey)}`),
  /** where: {sightings} of beacons, {position}, or both. */
  context: (journey, where) => post("/context", { journey, ...where }),
  parcel: (journey) => get(`/parcel?journey=${enc(journey)}`),
  push: () => get("/push"),
  pushOn: (subscription) => put("/push", subscription),
  pushOff: () => drop("/push"),
  claim: (form) => post("/claims", form),
  cases: async (journey) => (await get(`/cases?journey=${enc(journey)}`)).items,
  openCase: (journey, text, key) => post("/cases", { journey, text }, key),
  say: (id, text, key) => post(`/cases/${enc(id)}/messages`, { text }, key),
  people: (product) => get(unit(product, "people")),
  removePerson: (product, id) => drop(unit(product, `people/${enc(id)}`)),
  endOnlookers: (product) => drop(unit(product, "onlookers")),
  invite: (product, role) => post(unit(product, "invitations"), { role }),
  withdraw: (product, id) => drop(unit(product, `invitations/${enc(id)}`)),
  look: (code) => post("/invitations/look", { code }),
  accept: (code) => post("/invitations/accept", { code }),
  handOver: (product) => post(unit(product, "transfer")),
  transfer: (id) => get(`/transfers/${enc(id)}`),
  confirmTransfer: (id) => post(`/transfers/${enc(id)}/confirm`),
  callOff: (id) => drop(`/transfers/${enc(id)}`),
  giveBack: (product) => post(unit(product, "return")),
  wipe: (product) => post(unit(product, "wipe")),
  newClaimCode: (product) => post(unit(product, "claim-code")),
  export: () => get("/export"),
  optOut: () => post("/opt-out"),
  sessions: async () => (await get("/sessions")).items,
  endSession: (id) => authorised(`/sessions/${enc(id)}`, { method: "DELETE" }),
  endOthers: () => post("/sessions/end-others"),
  signOut: () => post("/session/end"),
  email: () => get("/email"),
  askEmail: (address, language) => post("/email", { address, language }),
  verifyEmail: (proof) => post("/email/verify", { token: proof }),
  removeEmail: () => authorised("/email", { method: "DELETE" }),
  stream: (journey, lastEventId, signal) => authorised(`/live?journey=${enc(journey)}`, {
    headers: { Accept: "text/event-stream", ...(lastEventId ? { "Last-Event-ID": lastEventId } : {}) },
    cache: "no-store",
    signal,
  }),
};

// Acting on an item: asked for once however often it is tapped, and what came of it, said.

import { api, Problem, Unreachable } from "./api.js";
import { complain } from "./complain.js";
import { drawBanner } from "./frame.js";
import { lacksProof, openNearby } from "./nearby.js";
import { refresh } from "./open.js";
import { newKey } from "./session.js";
import { toast } from "./sheets.js";
import { holds, state } from "./state.js";
import { mayWait, putAside, seenTo, waitingKey } from "./ticks.js";
import { t } from "./words.js";

const PREFIX = "throughline.act.";
const KEPT_MS = 600_000; // An answer that has not come by then is not waited for: a later tap is a new wish.
const inMemory = new Map();

/** The key of this wish: the same one until it has been answered, over a reload too, so that it happens once. */
function keyOf(wish) {
  const known = read(wish);
  if (known && Date.now() - known.at < KEPT_MS) return known.key;
  const made = { key: newKey(), at: Date.now() };
  inMemory.set(wish, made);
  try {
    sessionStorage.setItem(PREFIX + wish, JSON.stringify(made));
  } catch {
    // In memory then, for as long as this page lasts.
  }
  return made.key;
}

function read(wish) {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + wish)) ?? inMemory.get(wish);
  } catch {
    return inMemory.get(wish);
  }
}

function answered(wish) {
  inMemory.delete(wish);
  try {
    sessionStorage.removeItem(PREFIX + wish);
  } catch {
    // As above.
  }
}

/**
 * Chooses the item at the service. said: what is chosen of it. Resolves to what the service answered; rejects with its
 * problem, or with Unreachable, and then keeps the key.
 */
export async function chosen(item, journey, said = {}) {
  const wish = wishOf(item, journey, said);
  const waiting = Object.keys(said).length ? null : waitingKey(journey, item);
  try {
    const answer = await api.choose(item.id, journey, said, waiting ?? keyOf(wish));
    answered(wish);
    if (waiting) { seenTo(journey, waiting); drawBanner(); }
    return answer;
  } catch (error) {
    if (error instanceof Problem) answered(wish);
    throw error;
  }
}

const wishOf = (item, journey, said = {}) => JSON.stringify([journey, item.id, said]);

/** From now on it waits for a connection, under its key: whoever sends it, this one or a later tap, it happens once. */
function wait(item, journey) {
  const wish = wishOf(item, journey);
  if (!waitingKey(journey, item)) putAside(journey, item, keyOf(wish));
  answered(wish);
}

/** Chooses it, and says what came of it. element: what was tapped; oncoupon(id, journey): a coupon has been made. */
export async function act(item, element, oncoupon) {
  if (element?.getAttribute("aria-busy") === "true") return;
  element?.setAttribute("aria-busy", "true");
  const journey = state.journey;
  try {
    await said(await chosen(item, journey), item, journey, oncoupon);
  } catch (error) {
    await failed(error, item, journey, oncoupon);
  } finally {
    element?.removeAttribute("aria-busy");
  }
}

async function said(answer, item, journey, oncoupon) {
  if (answer.outcome === "coupon_issued") await oncoupon(item.id, journey);
  toast(answer.detail || t(`out.${answer.outcome}`));
}

async function failed(error, item, journey, oncoupon) {
  if (lacksProof(error)) {
    holds("nearby", openNearby(item, error, async () => said(await chosen(item, journey), item, journey, oncoupon)));
    return;
  }
  if (error instanceof Unreachable && mayWait(item)) {
    wait(item, journey);
    toast(t("out.waiting"));
    drawBanner();
    return;
  }
  complain(error);
  if (error.code === "item_unavailable") await refresh(journey).catch(() => {});
}

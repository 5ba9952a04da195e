// Being told while the page is closed: asked for in the settings, by a tap, and ended the same way.

import { api } from "./api.js";
import { busy, h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { explained } from "./permit.js";
import { t } from "./words.js";

const SCOPE = "/app";
const READY_MS = 10_000; // The worker is being installed, right after the first visit has begun.

/** The card that turns it on and off; null where the browser cannot. It goes when the service has no push. */
export function pushCard(complain) {
  if (!canPush()) return null;
  const said = h("p", { class: "quiet-text", role: "status" });
  const go = h("button", { class: "button quiet wide", type: "button", hidden: true });
  const card = h("section", { class: "card" }, h("h3", {}, icon("bell"), t("push.title")), h("p", {}, t("push.text")), go, said);
  let now = null;
  const draw = () => {
    setText(go, t(now.on ? "push.stop" : "push.go"));
    go.hidden = false;
  };
  const look = async () => {
    now = await stateNow();
    if (now.key) draw();
    else card.remove();
  };
  look().catch(() => card.remove()); // Not reached, or a service of before: the other settings work without it.
  go.addEventListener("click", () => busy(go, async () => {
    setText(said, "");
    if (now.on) {
      await turnOff();
      setText(said, t("push.off"));
    } else {
      if (!(await explained("notifications", "bell"))) return;
      const outcome = await turnOn(now.key);
      setText(said, t(`push.${outcome}`));
    }
    await look();
  }, complain));
  return card;
}

/** Once a visit: the service hears of the language, the time zone and the session of now. */
export async function keepPush() {
  if (!canPush() || Notification.permission !== "granted") return;
  const subscription = await (await registration())?.pushManager.getSubscription();
  if (subscription) await tell(subscription);
}

function canPush() {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

function registration() {
  return navigator.serviceWorker.getRegistration(SCOPE);
}

/** {key, on}: an empty key where the service has no push. */
async function stateNow() {
  const { public_key: key, on } = await api.push();
  const subscription = await (await registration())?.pushManager.getSubscription();
  return { key, on: on && Boolean(subscription) && Notification.permission === "granted" };
}

/** `on`; `denied` when the phone says no; `unable` when there is no worker that could be woken, or no push service. */
async function turnOn(key) {
  if (await Notification.requestPermission() !== "granted") return "denied";
  const worker = await Promise.race([navigator.serviceWorker.ready, later(READY_MS)]);
  if (!worker) return "unable";
  let subscription;
  try {
    subscription = await subscribed(worker.pushManager, bytesOf(key));
  } catch {
    return "unable"; // The browser has no push service, or does not reach it.
  }
  await tell(subscription);
  return "on";
}

/** A subscription under our key; one under another, of before the service changed it, makes room. */
async function subscribed(manager, key) {
  const options = { userVisibleOnly: true, applicationServerKey: key };
  try {
    return await manager.subscribe(options);
  } catch (error) {
    const other = await manager.getSubscription();
    if (!other) throw error;
    await other.unsubscribe();
    return manager.subscribe(options);
  }
}

function tell(subscription) {
  const { endpoint, keys } = subscription.toJSON();
  return api.pushOn({ endpoint, p256dh: keys.p256dh, auth: keys.auth, time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone });
}

async function turnOff() {
  await api.pushOff();
  await (await (await registration())?.pushManager.getSubscription())?.unsubscribe();
}

function later(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms, null); });
}

function bytesOf(text) {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (mark) => mark.charCodeAt(0));
}

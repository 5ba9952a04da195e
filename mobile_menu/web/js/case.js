// The conversation with an expert as a sheet: threads of the journey, live answers, and a text that is never lost.

import { api, Problem } from "./api.js";
import { bubbleOf, createBubble, updateBubble } from "./bubbles.js";
import { h, keyed, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { createOutbox } from "./outbox.js";
import { openSheet } from "./sheets.js";
import { store } from "./store.js";
import { moment, t } from "./words.js";

/**
 * Opens the conversation. complain(error) shows what went wrong; about: what the text begins with, when there is none yet.
 * Returns {arrived(thread), again(), dialog}; again: the line is back, and nobody said what happened meanwhile.
 */
export function openCases(journey, complain, about = "") {
  const threads = new Map();
  const readTo = store.kept("read", journey) ?? "";
  const log = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t("expert"), tabindex: "0" });
  const hello = h("p", { class: "hello" }, t("expert.hello"));
  const state = h("p", { class: "case-state", role: "status" });
  const text = h("textarea", { id: "say", rows: "2", maxlength: "4000", required: true, placeholder: t("expert.write"), "aria-label": t("expert.write") });
  const go = h("button", { class: "round solid", type: "submit", "aria-label": t("expert.send") }, icon("send"));
  const form = h("form", { class: "say" }, text, go);
  const dialog = openSheet({ title: t("expert"), name: "cases", body: [hello, log, state], foot: [form] });
  const open = () => [...threads.values()].find((thread) => thread.status !== "closed");
  const outbox = createOutbox(journey, {
    send: (one) => (one.thread ? added(one) : api.openCase(journey, one.text, one.key)),
    sent: (thread) => arrived(thread),
    changed: draw,
    complain,
  });

  text.value = store.kept("draft", journey) ?? about;
  form.addEventListener("submit", (event) => { event.preventDefault(); say(); });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); say(); }
  });
  text.addEventListener("input", () => store.keep("draft", journey, text.value));
  const online = () => { draw(); outbox.flush(); };
  addEventListener("online", online);
  addEventListener("offline", draw);
  dialog.addEventListener("close", () => { removeEventListener("online", online); removeEventListener("offline", draw); });

  /** Adds it to its thread; when that was closed meanwhile, the text begins another one. */
  async function added(one) {
    try {
      return await api.say(one.thread, one.text, one.key);
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "conflict") throw error;
      return api.openCase(journey, one.text, one.key);
    }
  }

  function say() {
    const words = text.value.trim();
    if (!words) return;
    text.value = "";
    store.keep("draft", journey, null);
    outbox.put(words, open()?.id ?? null);
    text.focus();
  }

  /** A thread as it is now: from an answer to our call, or from the live line. */
  function arrived(thread) {
    if (thread.journey_id !== journey) return;
    const had = threads.get(thread.id)?.messages.length ?? 0;
    know(thread);
    draw();
    const fresh = thread.messages.slice(had).some((message) => message.author === "expert");
    if (fresh && !document.hidden) look(); // it was seen here: the menu need not call it new
  }

  /** What comes by several ways may overtake itself, and a thread only grows: of two, the longer is the newer. */
  function know(thread) {
    if ((threads.get(thread.id)?.messages.length ?? 0) <= thread.messages.length) threads.set(thread.id, thread);
  }

  function draw() {
    const ordered = [...threads.values()].sort((a, b) => a.opened_at.localeCompare(b.opened_at));
    const unsent = outbox.waiting();
    hello.hidden = ordered.length + unsent.length > 0;
    const groups = ordered.map((thread) => ({ id: thread.id, opened_at: thread.opened_at, bubbles: thread.messages.map(bubbleOf) }));
    if (unsent.length) {
      if (!groups.length || ordered.at(-1).status === "closed") groups.push({ id: "unsent", opened_at: unsent[0].at, bubbles: [] });
      groups.at(-1).bubbles.push(...unsent);
    }
    const firstNew = groups.flatMap((group) => group.bubbles).find((bubble) => bubble.author === "expert" && bubble.at > readTo && readTo)?.id;
    keyed(log, groups, (group) => group.id,
      () => h("section", {}, h("h3", { class: "case-title" }), h("ol", { class: "messages" })),
      (node, group) => {
        setText(node.firstChild, t("expert.opened", { time: moment(group.opened_at) }));
        keyed(node.lastChild, group.bubbles, (bubble) => bubble.id, () => createBubble(outbox.again), (li, bubble) => updateBubble(li, bubble, bubble.id === firstNew));
      });
    setText(state, stateOf(ordered.at(-1), unsent));
    setAttribute(form, "data-offline", navigator.onLine ? null : "true");
    log.lastElementChild?.lastElementChild.lastElementChild?.scrollIntoView({ block: "nearest" });
    if (ordered.length) store.keep("read", journey, newest(ordered));
  }

  /** Asks for the threads, which says that they were read. */
  async function look() {
    try {
      (await api.cases(journey)).forEach(know);
      draw();
    } catch (error) {
      if (error instanceof Problem) complain(error);
      draw();
    }
  }

  const again = () => look().then(() => outbox.flush());

  draw();
  again();
  text.focus();
  return { arrived, again, dialog };
}

function stateOf(last, unsent) {
  if (!navigator.onLine) return t("expert.offline");
  if (unsent.length) return "";
  if (!last) return "";
  if (last.status === "closed") return t("expert.closed");
  return last.messages.at(-1)?.author === "customer" ? t("expert.wait") : "";
}

function newest(threads) {
  return threads.flatMap((thread) => thread.messages.map((message) => message.at)).reduce((a, b) => (a > b ? a : b), "");
}

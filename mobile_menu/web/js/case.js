// The conversation with an expert as a sheet: threads of the journey, live answers, and a text that is never lost.

import { api, Problem } from "./api.js";
import { bubbleOf, createBubble, updateBubble } from "./bubbles.js";
import { h, keyed, setAttribute, setText } from "./dom.js";
import { drawBanner } from "./frame.js";
import { icon } from "./icons.js";
import { putOut, sendUnsent, unsent, watch } from "./outbox.js";
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
  const endWatch = watch(journey, { sent: arrived, changed: draw, complain });
  const flush = () => sendUnsent(journey).finally(drawBanner);

  text.value = store.kept("draft", journey) ?? about;
  form.addEventListener("submit", (event) => { event.preventDefault(); say(); });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); say(); }
  });
  text.addEventListener("input", () => store.keep("draft", journey, text.value));
  const online = () => { draw(); flush(); };
  addEventListener("online", online);
  addEventListener("offline", draw);
  dialog.addEventListener("close", () => { removeEventListener("online", online); removeEventListener("offline", draw); endWatch(); });

  function say() {
    const words = text.value.trim();
    if (!words) return;
    text.value = "";
    store.keep("draft", journey, null);
    putOut(journey, words, open()?.id ?? null);
    flush();
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
    const waiting = unsent(journey);
    hello.hidden = ordered.length + waiting.length > 0;
    const groups = ordered.map((thread) => ({ id: thread.id, opened_at: thread.opened_at, bubbles: thread.messages.map(bubbleOf) }));
    if (waiting.length) {
      if (!groups.length || ordered.at(-1).status === "closed") groups.push({ id: "unsent", opened_at: waiting[0].at, bubbles: [] });
      groups.at(-1).bubbles.push(...waiting);
    }
    const firstNew = groups.flatMap((group) => group.bubbles).find((bubble) => bubble.author === "expert" && bubble.at > readTo && readTo)?.id;
    keyed(log, groups, (group) => group.id,
      () => h("section", {}, h("h3", { class: "case-title" }), h("ol", { class: "messages" })),
      (node, group) => {
        setText(node.firstChild, t("expert.opened", { time: moment(group.opened_at) }));
        keyed(node.lastChild, group.bubbles, (bubble) => bubble.id, () => createBubble(flush), (li, bubble) => updateBubble(li, bubble, bubble.id === firstNew));
      });
    setText(state, stateOf(ordered.at(-1), waiting));
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

  const again = () => look().then(flush);

  draw();
  again();
  text.focus();
  return { arrived, again, dialog };
}

function stateOf(last, waiting) {
  if (!navigator.onLine) return t("expert.offline");
  if (waiting.length) return "";
  if (!last) return "";
  if (last.status === "closed") return t("expert.closed");
  return last.messages.at(-1)?.author === "customer" ? t("expert.wait") : "";
}

function newest(threads) {
  return threads.flatMap((thread) => thread.messages.map((message) => message.at)).reduce((a, b) => (a > b ? a : b), "");
}

// The conversation with an expert as a sheet: threads of the journey, live answers, a text that is never lost.

import { api } from "./api.js";
import { h, keyed, setText } from "./dom.js";
import { icon } from "./icons.js";
import { newKey } from "./session.js";
import { openSheet } from "./sheets.js";
import { moment, t } from "./words.js";

/** Opens the conversation. complain(error) shows what went wrong. Returns {arrived(thread), dialog}. */
export function openCases(journey, complain) {
  const threads = new Map();
  let key = newKey();
  let sending = false;
  const log = h("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": t("expert") });
  const hello = h("p", { class: "hello" }, t("expert.hello"));
  const state = h("p", { class: "case-state", role: "status" });
  const text = h("textarea", { id: "say", rows: "2", maxlength: "4000", required: true, placeholder: t("expert.write"), "aria-label": t("expert.write") });
  const go = h("button", { class: "round solid", type: "submit", "aria-label": t("expert.send") }, icon("send"));
  const form = h("form", { class: "say" }, text, go);
  const dialog = openSheet({ title: t("expert"), name: "cases", body: [hello, log, state], foot: [form] });

  form.addEventListener("submit", (event) => { event.preventDefault(); say(); });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) say();
  });
  text.addEventListener("input", () => { if (!sending) key = newKey(); });

  const open = () => [...threads.values()].find((thread) => thread.status !== "closed");

  async function say() {
    const words = text.value.trim();
    if (!words || sending) return;
    sending = true;
    go.disabled = true;
    setText(state, t("expert.sending"));
    try {
      const thread = open();
      arrived(thread ? await api.say(thread.id, words, key) : await api.openCase(journey, words, key));
      text.value = "";
      key = newKey();
    } catch (error) {
      setText(state, t("expert.failed"));
      complain(error);
    } finally {
      sending = false;
      go.disabled = false;
      text.focus();
    }
  }

  /** A thread as it is now: from an answer to our call, or from the live line. */
  function arrived(thread) {
    if (thread.journey_id !== journey) return;
    const had = threads.get(thread.id);
    // The two ways may overtake each other: a thread only grows.
    if (had && had.messages.length > thread.messages.length) return;
    threads.set(thread.id, thread);
    draw();
  }

  function draw() {
    const ordered = [...threads.values()].sort((a, b) => a.opened_at.localeCompare(b.opened_at));
    hello.hidden = ordered.length > 0;
    keyed(log, ordered, (thread) => thread.id,
      () => h("section", {}, h("h3", { class: "case-title" }), h("ol", { class: "messages" })),
      (node, thread) => {
        setText(node.firstChild, t("expert.opened", { time: moment(thread.opened_at) }));
        keyed(node.lastChild, thread.messages, (message) => message.id, createMessage, () => {});
      });
    const last = ordered.at(-1);
    setText(state, !last ? "" : last.status === "closed" ? t("expert.closed") : last.messages.at(-1)?.author === "customer" ? t("expert.wait") : "");
    log.lastElementChild?.lastElementChild.lastElementChild?.scrollIntoView({ block: "nearest" });
  }

  api.cases(journey).then((items) => { items.forEach((thread) => threads.set(thread.id, thread)); draw(); }, complain);
  text.focus();
  return { arrived, dialog };
}

function createMessage(message) {
  return h("li", { class: `message ${message.author}` },
    h("span", { class: "from" }, t(message.author === "expert" ? "expert.them" : "expert.you")),
    h("p", {}, message.text),
    h("time", { datetime: message.at }, moment(message.at)));
}

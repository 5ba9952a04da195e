// One message of a conversation: who wrote it, when, and, of one's own, how far it has come.

import { h, setAttribute, setText } from "./dom.js";
import { icon } from "./icons.js";
import { moment, t } from "./words.js";

/** A message as the service has it, ready to be shown: what it has, has arrived. */
export function bubbleOf(message) {
  return { ...message, state: message.author === "customer" ? "sent" : "" };
}

/** An empty bubble. again(): tries to send what did not get through. */
export function createBubble(again) {
  return h("li", { class: "message" },
    h("p", { class: "new-mark", hidden: true }, h("span", {}, t("expert.new.mark"))),
    h("div", { class: "bubble" },
      h("span", { class: "from" }), h("p", { class: "words", dir: "auto" }),
      h("p", { class: "meta" }, h("time"), h("span", { class: "sent-state" })),
      h("button", { class: "small-button", type: "button", hidden: true, onclick: again }, icon("restart"), t("expert.again"))));
}

export function updateBubble(li, bubble, isFirstNew) {
  const [mark, body] = li.children;
  const [from, words, meta, retry] = body.children;
  setAttribute(li, "class", `message ${bubble.author}`);
  setAttribute(li, "data-state", bubble.state || null);
  mark.hidden = !isFirstNew;
  setText(from, t(bubble.author === "expert" ? "expert.them" : "expert.you"));
  setText(words, bubble.text);
  setAttribute(meta.firstChild, "datetime", bubble.at);
  setText(meta.firstChild, moment(bubble.at));
  setText(meta.lastChild, bubble.state ? t(`expert.${{ sent: "arrived", sending: "sending", waiting: "waits", failed: "unsent" }[bubble.state]}`) : "");
  retry.hidden = bubble.state !== "failed";
}

// One item of the menu as a card: what it looks like, and what it is (a button, a link, a plain line). Changed in place.
// A command's progress and a survey's choices stand on it, under its words.

import { witness } from "./because.js";
import { h, safeHref, setAttribute, setText } from "./dom.js";
import { ticked } from "./checklist.js";
import { icon } from "./icons.js";
import { createProgress, isUnderWay, updateProgress } from "./progress.js";
import { createSurvey } from "./survey.js";
import { t } from "./words.js";

const OPT_OUT = "/menu/v1/opt-out";
const latest = new WeakMap();
const answers = new WeakMap(); // by card: how a survey on it is answered
const surveys = new WeakMap();

/** What choosing the item does here: expert, privacy, leave, guide, parcel, ticket, post, claim, link; busy when it is being done already; or nothing. */
export function opens(item) {
  if (item.kind === "privacy" && item.action?.method === "POST" && item.action.href === OPT_OUT) return "leave";
  if (item.kind === "expert" || item.kind === "privacy") return item.kind;
  if (item.kind === "track" && !item.steps?.length) return "parcel";
  if (item.choices?.length) return "nothing";
  if (isUnderWay(item)) return "busy";
  if (item.code || item.qr) return "ticket";
  if (item.steps?.length) return "guide";
  if (item.action?.method === "POST") return item.done ? "nothing" : "post";
  const url = item.action ? safeHref(item.action.href) : null;
  if (!url) return "nothing";
  if (claims(item)) return "claim";
  return item.kind === "share" ? "ticket" : "link";
}

/** The unit, {gtin, serial}, that a link to this page's claim form names; null for any other link. */
export function claims(item) {
  const url = item.action?.method === "GET" ? safeHref(item.action.href) : null;
  if (url?.origin !== location.origin || !/^\/app\/?$/.test(url.pathname) || !url.searchParams.has("claim")) return null;
  return { gtin: url.searchParams.get("gtin") ?? "", serial: url.searchParams.get("serial") ?? "" };
}

/** An empty card. onchoose(item), onwhy(item), onanswer(item, choice) get the item as it is at that moment. */
export function createItem({ onchoose, onwhy, onanswer }) {
  const li = h("li", { class: "item" });
  const why = h("button", { class: "why", type: "button", onclick: () => onwhy(latest.get(li)) }, icon("help"), h("span", { class: "why-text" }));
  li.append(why);
  li.addEventListener("click", (event) => {
    const main = event.target.closest(".main-part");
    const item = latest.get(li);
    if (main && ["post", "guide", "parcel", "ticket", "expert", "privacy", "leave", "claim"].includes(opens(item))) onchoose(item, main);
  });
  answers.set(li, onanswer);
  return li;
}

/** Makes the card say what the item says now; lead: it is the first thing to do. */
export function updateItem(li, item, lead) {
  const was = latest.get(li);
  latest.set(li, item);
  const what = opens(item);
  setAttribute(li, "class", ["item", lead && "lead", item.done === true && "done", item.done === false && "todo", what === "nothing" && "plain"].filter(Boolean).join(" "));
  setAttribute(li, "data-kind", item.kind);
  const main = mainPart(li, { nothing: "div", link: "a" }[what] ?? "button");
  dress(main, item, what);
  const [glyph, texts, end] = main.children;
  swapIcon(glyph, item.done === true ? "check" : item.icon, item.kind);
  const [title, detail, note] = texts.children;
  setText(title, item.title);
  setText(detail, item.detail ?? "");
  detail.hidden = !item.detail || item.done === true;
  setText(note, noteOf(item));
  note.hidden = !note.textContent;
  swapIcon(end, ["nothing", "busy"].includes(what) ? "" : external(item, what) ? "out" : "next");
  showMore(li, item);
  if (was?.done === false && item.done === true) ticked(li);
  const why = li.querySelector(".why");
  setAttribute(why, "aria-label", `${t("why")} ${item.title}`); // begins with what shows on the card that leads
  setText(why.querySelector(".why-text"), t("why"));
}

/** What stands under the card's words: how far its command is, or the choices of its survey. */
function showMore(li, item) {
  const kind = item.progress ? "progress" : item.choices?.length ? "survey" : "";
  let more = li.querySelector(":scope > .more");
  if (more && more.dataset.kind !== kind) { more.remove(); more = null; }
  li.classList.toggle("has-more", kind !== "");
  if (!kind) return;
  if (!more) {
    more = h("div", { class: "more", "data-kind": kind });
    if (kind === "survey") {
      surveys.set(li, createSurvey(answers.get(li)));
      more.append(surveys.get(li).root);
    } else {
      more.append(createProgress());
    }
    li.append(more);
  }
  if (kind === "progress") updateProgress(more.firstChild, item);
  else surveys.get(li).update(item);
}

function mainPart(li, tag) {
  const old = li.querySelector(".main-part");
  if (old?.localName === tag) return old;
  const made = h(tag, { class: "main-part" },
    h("span", { class: "glyph" }),
    h("span", { class: "texts" }, h("span", { class: "title" }), h("span", { class: "detail" }), h("span", { class: "note" })),
    h("span", { class: "end" }));
  if (tag === "button") made.type = "button";
  const hadFocus = old !== null && old === document.activeElement;
  if (old) old.replaceWith(made);
  else li.prepend(made);
  if (hadFocus && tag !== "div") made.focus({ preventScroll: true });
  return made;
}

function dress(main, item, what) {
  setAttribute(main, "aria-disabled", what === "busy" ? "true" : null);
  if (what !== "link") return;
  const away = external(item, what);
  setAttribute(main, "href", safeHref(item.action.href).href);
  setAttribute(main, "target", away ? "_blank" : null);
  setAttribute(main, "rel", away ? "noopener noreferrer" : null);
  setAttribute(main, "aria-description", away ? t("opens") : null);
}

function external(item, what) {
  if (what !== "link") return false;
  const url = safeHref(item.action.href);
  return url.protocol.startsWith("http") && url.origin !== location.origin;
}

function noteOf(item) {
  if (item.done !== true) return item.badge ?? "";
  const who = witness(item.because);
  if (who) return `${t("ticked")} · ${t(`witness.${who}`)}`;
  // The content's own words say by themselves that it is done.
  return item.badge || item.detail || t("ticked");
}

function swapIcon(holder, name, kind) {
  const key = name || kind || "";
  if (holder.dataset.shows === key) return;
  holder.dataset.shows = key;
  holder.replaceChildren(...(key ? [icon(name, kind)] : []));
}

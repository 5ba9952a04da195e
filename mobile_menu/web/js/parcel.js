// Where the parcel is, as a sheet: when it is expected, and every scan on one line, the newest on top.

import { api, Problem, Unreachable } from "./api.js";
import { announce, h, keyed, safeHref, setText } from "./dom.js";
import { icon } from "./icons.js";
import { openSheet, toast } from "./sheets.js";
import { store } from "./store.js";
import { dayOf, hourOf } from "./times.js";
import { moment, t } from "./words.js";

const ICONS = { none: "box", label: "box", moving: "truck", out_for_delivery: "truck", late: "clock", failed: "alert", delivered: "check" };
const ARRIVED = ["delivered", "failed", "none"];

/**
 * Opens the story of the journey's parcel: as it was kept, at once, and as it is, when the service has said so.
 * keeps: whether this phone may keep it. Returns {dialog, update()}: update asks anew.
 */
export function openParcel(item, journey, { keeps, complain }) {
  const head = h("div", { class: "parcel-head" }, h("div", { class: "parcel-glyph", "aria-hidden": "true" }), h("div", {}, h("p", { class: "parcel-state" }), h("p", { class: "parcel-day" })));
  const note = h("p", { class: "quiet-text parcel-note", role: "status", hidden: true });
  const line = h("ol", { class: "scans", "aria-label": t("parcel.scans") });
  const page = h("a", { class: "button", target: "_blank", rel: "noopener noreferrer", hidden: true }, t("parcel.page"));
  const code = h("button", { class: "button quiet", type: "button", hidden: true, onclick: () => copy(code.value) }, t("parcel.copy"));
  const dialog = openSheet({ title: item.title, name: "parcel", reads: true, body: [head, note, line], foot: [code, page] });
  let shown = null;

  function draw(story) {
    const was = shown;
    shown = story;
    const glyph = head.firstChild;
    if (glyph.dataset.state !== story.state) {
      glyph.dataset.state = story.state;
      glyph.replaceChildren(icon(ICONS[story.state] ?? "box"));
    }
    const [state, day] = head.lastChild.children;
    setText(state, t(`parcel.${story.state}`));
    setText(day, dayLine(story));
    day.hidden = !day.textContent;
    keyed(line, rowsOf(story), (row) => row.key, createRow, updateRow);
    const link = safeHref(story.tracking_url || "about:blank");
    page.hidden = link?.protocol !== "https:";
    if (!page.hidden) page.href = link.href;
    code.hidden = !story.tracking_code;
    code.value = story.tracking_code;
    if (was && was.current_at !== story.current_at) announce(`${t(`parcel.${story.state}`)} ${day.textContent}`);
  }

  async function update() {
    try {
      const story = await api.parcel(journey);
      if (keeps) store.keep("parcel", journey, { story, at: Date.now() });
      note.hidden = true;
      draw(story);
    } catch (error) {
      if (!(error instanceof Unreachable || error instanceof Problem)) throw error;
      const kept = store.kept("parcel", journey);
      setText(note, kept ? t("parcel.kept", { time: moment(kept.at) }) : t("parcel.away"));
      note.hidden = false;
      if (error instanceof Problem) complain(error);
    }
  }

  const kept = store.kept("parcel", journey);
  if (kept) draw(kept.story);
  else head.lastChild.firstChild.append(t("parcel.asking"));
  update();
  return { dialog, update };
}

/** The day, in words: expected, promised and missed, or the one on which it came. */
function dayLine(story) {
  if (story.state === "delivered") return t("parcel.came", { day: hourOf(story.current_at) });
  if (!story.promised_at) return "";
  const day = dayOf(story.promised_at);
  if (story.state === "late") return t("parcel.was.due", { day });
  if (story.state === "failed") return "";
  return story.first_promised_at ? t("parcel.moved", { day, first: dayOf(story.first_promised_at) }) : t("parcel.due", { day });
}

/** What lies ahead, what counts now, and what was, from top to bottom. */
function rowsOf(story) {
  const rows = story.scans.map((scan) => ({ ...scan, key: `${scan.at} ${scan.status}`, place: scan.place ?? "", detail: scan.detail ?? "", when: "past" }));
  const current = rows.find((row) => row.status === story.status && row.at === story.current_at) ?? rows[0];
  if (current) current.when = "now";
  const ahead = { key: "ahead", status: "delivered", place: "", detail: "", at: null, when: "ahead", day: story.promised_at };
  return ARRIVED.includes(story.state) || !rows.length ? rows : [ahead, ...rows];
}

function createRow() {
  return h("li", { class: "scan" },
    h("span", { class: "scan-knot", "aria-hidden": "true" }),
    h("div", { class: "scan-words" }, h("p", { class: "scan-status" }), h("p", { class: "scan-detail" }, h("bdi")), h("p", { class: "scan-where" }, h("time"), h("span", {}, h("bdi")))));
}

function updateRow(node, row) {
  node.dataset.when = row.when;
  node.dataset.status = row.status;
  if (row.when === "now") node.setAttribute("aria-current", "step");
  else node.removeAttribute("aria-current");
  const [status, detail, where] = node.lastChild.children;
  setText(status, t(row.when === "ahead" ? "scan.ahead" : `scan.${row.status}`));
  setText(detail.firstChild, row.detail); // the carrier's words, in whatever language it speaks
  detail.hidden = !row.detail;
  const [time, place] = where.children;
  const at = row.at ?? row.day;
  setText(time, !at ? "" : row.when === "ahead" ? dayOf(at) : hourOf(at));
  if (at) time.dateTime = at;
  setText(place.firstChild, row.place);
  place.hidden = !row.place;
  where.hidden = !at && !row.place;
}

async function copy(code) {
  try {
    await navigator.clipboard.writeText(code);
    toast(t("copied"));
  } catch {
    toast(code);
  }
}

// Who is with a product: the owner invites, removes, hands over, gives back; others see who is there, and may leave.

import { api, Problem } from "./api.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { ask, openSheet, toast } from "./sheets.js";
import { openTicket } from "./ticket.js";
import { moment, t } from "./words.js";

const LOOK_AGAIN_MS = 3000;
const GLYPHS = { owner: "key", household: "home", guest: "clock" };

/** journey: of the list, with its product. ongone() is called when this phone has nothing to do with it any more. */
export function openPeople(journey, { complain, ongone }) {
  const place = h("div", { class: "people-body" });
  const dialog = openSheet({ title: t("people.of", { name: journey.model_name }), name: "people", body: [place], onclose: () => clearInterval(timer) });
  const page = { product: journey.product_id, place, dialog, complain, ongone, shown: "", look, looking: null, working: false };
  const timer = setInterval(() => {
    if (document.hidden || page.working || !dialog.open) return;
    page.looking = look().catch(() => {});
  }, LOOK_AGAIN_MS);

  /** Shows what is so now. What has not changed is left as it is, with the focus in it. */
  async function look() {
    const found = await api.people(page.product);
    const said = JSON.stringify(found);
    if (said === page.shown || !dialog.open) return;
    page.shown = said;
    const focused = document.activeElement?.id;
    place.replaceChildren(...drawn(found, page));
    if (focused && place.querySelector(`#${CSS.escape(focused)}`)) document.getElementById(focused).focus({ preventScroll: true });
  }

  look().catch((error) => {
    if (error instanceof Problem && error.code === "not_yours") place.replaceChildren(h("p", { class: "large" }, t("people.none")));
    else complain(error);
  });
  return dialog;
}

function drawn(found, page) {
  const can = (act) => found.can.includes(act);
  return [
    found.wiped ? h("p", { class: "people-note", "data-state": found.wiped }, icon(found.wiped === "done" ? "check" : "restart"), h("span", {}, t(`wiped.${found.wiped}`))) : null,
    h("ul", { class: "persons" },
      found.people.map((one) => person(one, found, page)),
      (found.invitations ?? []).map((one) => invitation(one, page))),
    can("see_people") && found.people.length === 1 ? h("p", { class: "quiet-text" }, t("people.empty")) : null,
    can("invite") ? h("div", { class: "people-actions" }, ["household", "guest"].map((role) => inviting(role, page))) : null,
    found.onlookers ? lookingOn(found.onlookers, page) : null,
    can("hand_over") ? handingOver(found.transfer, page) : null,
    can("give_back") ? card("return", "return", [
      h("p", {}, t(found.return_requested ? "return.asked" : "return.text")),
      found.return_requested ? null : button("give-back", t("return.go"), "quiet", page, async () => {
        await api.giveBack(page.product);
        toast(t("return.asked"));
      })]) : null,
    can("wipe") ? card("wipe", "clean", [h("p", {}, t("wipe.text")), button("wipe", t("wipe.go"), "quiet", page, async () => {
      if (!(await ask(t("wipe.sure"), { title: t("wipe.title"), yes: t("wipe.go"), danger: true }))) return;
      await api.wipe(page.product);
    })]) : null,
    can("new_code") ? card("code", "key", [h("p", {}, t("code.text")), button("new-code", t("code.go"), "quiet", page, () => newCode(page))]) : null,
  ].filter(Boolean);
}

function person(one, found, page) {
  const who = t(`role.${one.role}`);
  const about = [one.since ? t("people.since", { time: moment(one.since) }) : "", one.expires_at ? t("people.until", { time: moment(one.expires_at) }) : ""];
  const removable = one.id && (one.you ? found.can.includes("leave") : found.can.includes("remove"));
  const act = one.you ? "leave" : "remove";
  return h("li", { class: "person" }, icon(GLYPHS[one.role], "person"),
    h("span", { class: "texts" },
      h("span", { class: "title" }, who, one.you ? h("span", { class: "note" }, t("people.you")) : null),
      h("span", { class: "detail" }, about.filter(Boolean).join(" · "))),
    removable ? small(`${act}-${one.id}`, t(`people.${act}`), t("people.remove.of", { who: `${who}, ${about.filter(Boolean).join(", ")}` }), page, () => removal(one, act, page)) : null);
}

async function removal(one, act, page) {
  const name = t(`people.${act}`);
  if (!(await ask(t(`people.${act}.sure`), { title: name, yes: name, danger: true }))) return;
  await api.removePerson(page.product, one.id);
  toast(t(act === "leave" ? "people.left" : "people.removed"));
  if (act !== "leave") return;
  page.dialog.close();
  page.ongone();
}

function invitation(one, page) {
  const what = t(`invite.open.${one.role}`);
  return h("li", { class: "person pending" }, icon("link"),
    h("span", { class: "texts" }, h("span", { class: "title" }, what), h("span", { class: "detail" }, t("people.until", { time: moment(one.expires_at) }))),
    small(`withdraw-${one.id}`, t("invite.back"), t("invite.back.of", { who: what }), page, async () => {
      await api.withdraw(page.product, one.id);
      toast(t("invite.gone"));
    }));
}

function inviting(role, page) {
  return button(`invite-${role}`, t(`invite.${role}`), role === "household" ? "" : "quiet", page, async () => {
    const link = await api.invite(page.product, role);
    openTicket({ kind: "share", title: t(`invite.title.${role}`), detail: t(`invite.lead.${role}`), code: link.url, qr: link.qr, hint: t("invite.hint") });
  });
}

/** How many have scanned the label without having been let in, and the end of them; nothing names anybody. */
function lookingOn(found, page) {
  const since = found.since ? t("people.since", { time: moment(found.since) }) : "";
  const about = [
    found.count ? [t("onlookers.count", { count: found.count }), since].filter(Boolean).join(" · ") : t("onlookers.none"),
    found.seeing ? t("onlookers.seeing", { count: found.seeing }) : "",
    found.ended_at ? t("onlookers.ended", { time: moment(found.ended_at) }) : "",
  ];
  return card("onlookers", "people", [
    h("p", {}, t("onlookers.text")),
    ...about.filter(Boolean).map((line) => h("p", {}, line)),
    found.count ? button("end-onlookers", t("onlookers.go"), "quiet", page, async () => {
      if (!(await ask(t("onlookers.sure"), { title: t("onlookers.title"), yes: t("onlookers.go"), danger: true }))) return;
      await api.endOnlookers(page.product);
      toast(t("onlookers.done"));
    }) : null]);
}

/** Nothing, waiting for somebody to take the link, or waiting for the owner's word. */
function handingOver(transfer, page) {
  if (!transfer) {
    return card("give", "gift", [h("p", {}, t("give.text")), button("hand-over", t("give.go"), "quiet", page, async () => {
      if (!(await ask(t("give.sure"), { title: t("give.title"), yes: t("give.go") }))) return;
      const link = await api.handOver(page.product);
      openTicket({ kind: "share", title: t("give.link"), detail: t("give.link.lead"), code: link.url, qr: link.qr, hint: t("give.link.hint") });
    })]);
  }
  const cancel = button("call-off", t("give.cancel"), "quiet", page, async () => {
    await api.callOff(transfer.id);
    toast(t("give.cancelled"));
  });
  if (transfer.state === "open") return card("give", "gift", [h("p", { role: "status" }, t("give.waiting", { time: moment(transfer.expires_at) })), cancel]);
  return card("give", "gift", [
    h("p", { role: "status" }, t("give.taken")),
    h("p", { class: "check-code" }, transfer.check_code),
    button("confirm", t("give.confirm"), "danger", page, async () => {
      if (!(await ask(t("give.confirm.sure"), { title: t("give.title"), yes: t("give.confirm"), danger: true }))) return;
      await api.confirmTransfer(transfer.id);
      page.dialog.close();
      toast(t("give.done"));
      page.ongone();
    }),
    cancel,
  ]);
}

async function newCode(page) {
  if (!(await ask(t("code.sure"), { title: t("code.title"), yes: t("code.go") }))) return;
  const made = await api.newClaimCode(page.product);
  openTicket({ kind: "coupon", title: t("code.title"), code: made.claim_code, hint: t("code.hint") });
}

function card(name, glyph, children) {
  return h("section", { class: "card" }, h("h3", {}, icon(glyph), t(`${name}.title`)), children);
}

function button(id, text, kind, page, work) {
  return h("button", { id, class: `button wide ${kind}`, type: "button", onclick: (event) => busy(event.currentTarget, page, work) }, text);
}

function small(id, text, label, page, work) {
  return h("button", { id, class: "small-button", type: "button", "aria-label": label, onclick: (event) => busy(event.currentTarget, page, work) }, text);
}

/** Does it once however often it is pressed, and shows what is so afterwards. */
async function busy(pressed, page, work) {
  if (page.working) return;
  page.working = true;
  pressed.setAttribute("aria-busy", "true");
  try {
    await page.looking;
    await work();
    if (page.dialog.open) await page.look();
  } catch (error) {
    page.complain(error);
    if (page.dialog.open) await page.look().catch(() => {});
  } finally {
    page.working = false;
    pressed.removeAttribute("aria-busy");
  }
}

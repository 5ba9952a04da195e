// The customer's account, as far as there is one: the e-mail address, and the phones that are signed in.

import { api } from "./api.js";
import { busy, h, setText } from "./dom.js";
import { icon } from "./icons.js";
import { ask, toast } from "./sheets.js";
import { language, moment, t } from "./words.js";

const PROOF = "#email=";

/** The proof that a mail's link brought, taken off the address at once, so that no history and no bookmark keeps it. */
export function takeProof() {
  if (!location.hash.startsWith(PROOF)) return null;
  const proof = location.hash.slice(PROOF.length);
  history.replaceState(null, "", location.pathname + location.search);
  return proof;
}

/** The card about the e-mail address. complain(error) says what went wrong. */
export function emailCard(complain) {
  const state = h("p", { role: "status" }, t("email.loading"));
  const field = h("input", { id: "email-address", type: "email", autocomplete: "email", inputmode: "email", required: true, maxlength: "254" });
  const go = h("button", { class: "button quiet wide", type: "submit" }, t("email.go"));
  const drop = h("button", { class: "button quiet wide", type: "button", hidden: true }, t("email.remove"));
  const form = h("form", { class: "form", novalidate: true }, h("div", { class: "field" }, h("label", { for: field.id }, t("email.label")), field), go);
  const show = (known) => {
    setText(state, known.address ? t("email.known", { address: known.address }) : t("email.none"));
    drop.hidden = !known.address;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!field.checkValidity()) { toast(t("email.wrong"), "error"); field.focus(); return; }
    busy(go, async () => {
      const { sent, expires_in_s: seconds } = await api.askEmail(field.value, language());
      const again = moment(Date.now() + seconds * 1000);
      setText(state, t(sent ? "email.sent" : "email.limited", { address: field.value.trim(), again }));
      field.value = "";
    }, complain);
  });
  drop.addEventListener("click", () => busy(drop, async () => {
    await api.removeEmail();
    show({ address: null });
  }, complain));
  api.email().then(show, complain);
  return h("section", { class: "card email" }, h("h3", {}, icon("link"), t("email")), h("p", {}, t("email.text")), state, form, drop);
}

/** The card about the phones. onsignout() leaves this one; onerase() leaves altogether. */
export function phonesCard({ complain, onsignout, onerase }) {
  const list = h("ul", { class: "phones" });
  const out = h("button", { class: "button quiet wide", type: "button" }, t("phones.out"));
  const others = h("button", { class: "button quiet wide", type: "button", hidden: true }, t("phones.others"));
  others.addEventListener("click", () => busy(others, async () => { await api.endOthers(); await draw(); }, complain));
  const draw = async () => {
    const phones = await api.sessions();
    others.hidden = phones.every((phone) => phone.current);
    list.replaceChildren(...phones.map((phone) => row(phone, draw, complain)));
  };
  out.addEventListener("click", async () => {
    // Afterwards nobody is here who could erase: so both are asked at once.
    const sure = await ask(t("phones.out.sure"), { title: t("phones.out"), yes: t("phones.out.yes"), also: t("phones.out.erase"), danger: true });
    if (sure === "also") await onerase();
    else if (sure) await busy(out, async () => { await api.signOut(); await onsignout(); }, complain);
  });
  draw().catch(complain);
  return h("section", { class: "card" }, h("h3", {}, icon("shield"), t("phones")), h("p", {}, t("phones.text")), list, others, out);
}

function row(phone, draw, complain) {
  const name = phone.current ? t("phones.this") : t(phone.kind === "visit" ? "phones.visit" : "phones.other", { time: moment(phone.refreshed_at) });
  if (phone.current) return h("li", {}, name);
  const end = h("button", { class: "button quiet", type: "button", "aria-label": `${t("phones.end")}: ${name}` }, t("phones.end"));
  end.addEventListener("click", () => busy(end, async () => { await api.endSession(phone.id); await draw(); }, complain));
  return h("li", {}, h("span", {}, name), end);
}

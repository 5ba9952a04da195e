// Naming a product: the start page and the form that makes it the customer's. A link from a QR code fills most of it in.

import { api, Problem, Unreachable } from "./api.js";
import { busy, h } from "./dom.js";
import { icon } from "./icons.js";
import { openSheet } from "./sheets.js";
import { t } from "./words.js";

/** The page of a phone that knows no product yet. */
export function startPage({ known, onclaimed, complain }) {
  const form = h("section", { class: "card" });
  const fill = (unit) => form.replaceChildren(h("h2", {}, t(isNamed(unit) ? "claim.one" : "claim.title")), claimForm({ known: unit, onclaimed, complain }));
  fill(known);
  return h("div", { class: "start" },
    h("div", { class: "start-art", "aria-hidden": "true" }, icon("printer"), icon("box"), icon("coffee")),
    h("h1", {}, t("start.title")),
    h("p", { class: "large" }, t("start.text")),
    scanButton({ complain, onunit: (unit) => { fill(unit); form.querySelector("[name=code]").focus(); } }),
    form);
}

/** Scans a label: the scanner, and what it needs, is fetched only then. */
function scanButton({ onunit, complain }) {
  const button = h("button", { class: "button wide scan-button", type: "button" }, h("span", { class: "with-icon" }, icon("scan"), t("scan.go")));
  button.addEventListener("click", () => busy(button, async () => {
    const { openScan } = await import("./scan.js").catch((error) => { throw new Unreachable(error.message); });
    openScan({ onunit, complain });
  }, complain));
  return button;
}

/** title: what the sheet is called when it is about a unit that is known. */
export function openClaim({ known = {}, title, onclaimed, complain }) {
  const form = (unit) => claimForm({ known: unit, onclaimed: (claimed) => { dialog.close(); onclaimed(claimed); }, complain });
  const dialog = openSheet({ title: title ?? t("products.add"), name: "claim", body: [] });
  const body = dialog.querySelector(".sheet-body");
  const scan = scanButton({ complain, onunit: (unit) => { body.replaceChildren(form(unit)); body.querySelector("[name=code]").focus(); } });
  body.append(...(isNamed(known) ? [form(known)] : [h("p", { class: "large" }, t("start.text")), scan, form(known)]));
  return dialog;
}

/** Whether there is no need to ask which unit it is. */
function isNamed(known) {
  return Boolean(known.uri || (known.gtin && known.serial));
}

/** known: {uri} or {gtin, serial} from the address of the page or from the menu, or {}. */
function claimForm({ known = {}, onclaimed, complain }) {
  const number = field("number", { value: known.uri ?? known.gtin, autocomplete: "off", autocapitalize: "off" });
  const serial = field("serial", { value: known.serial, autocomplete: "off", autocapitalize: "characters" });
  const code = field("code", { autocomplete: "one-time-code", autocapitalize: "characters" });
  const named = isNamed(known);
  number.root.hidden = named;
  const isLink = () => number.input.value.includes("/");
  const follow = () => { serial.root.hidden = named || isLink(); };
  number.input.addEventListener("input", follow);
  follow();
  const go = h("button", { class: "button wide", type: "submit" }, t("claim.go"));
  const form = h("form", { class: "form", novalidate: true },
    named ? h("p", {}, known.serial ? t("claim.named", { serial: known.serial }) : t("claim.linked")) : null, number.root, serial.root, code.root, go);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = [number, serial, code].filter((one) => !one.root.hidden);
    fields.forEach((one) => one.check());
    const wrong = fields.find((one) => !one.input.value.trim());
    if (wrong) {
      wrong.input.focus();
      return;
    }
    go.disabled = true;
    const value = (one) => one.input.value.trim();
    try {
      const what = isLink() ? { uri: value(number) } : { gtin: digits(value(number)), serial: value(serial) };
      onclaimed(await api.claim({ ...what, code: value(code) }));
    } catch (error) {
      const refusal = refusalOf(error, named);
      if (refusal) code.say(refusal);
      else complain(error);
      code.input.focus();
    } finally {
      go.disabled = false;
    }
  });
  return form;
}

/** What the service has against this unit and this code: said beside the code, where it can be mended. */
function refusalOf(error, named) {
  if (!(error instanceof Problem) || !["claim_refused", "already_claimed", "unit_in_shop", "too_many_attempts"].includes(error.code)) return "";
  return t(named && error.code === "claim_refused" ? "claim.refused" : `err.${error.code}`);
}

/** The digits of a GTIN as people copy it from a label: `(01) 0950 6000 …` with spaces, and with its identifier or not. */
function digits(text) {
  const all = text.replaceAll(/\D/g, "");
  return all.length === 16 && all.startsWith("01") ? all.slice(2) : all;
}

let made = 0;

function field(name, attributes) {
  made += 1;
  const id = `field-${name}-${made}`;
  const fault = h("span", { class: "fault", id: `${id}-fault`, role: "alert" });
  const input = h("input", { id, name, type: "text", spellcheck: "false", "aria-describedby": `${id}-fault ${id}-hint`, ...attributes });
  const root = h("div", { class: "field" }, h("label", { for: id }, t(`claim.${name}`)), input, fault,
    h("span", { class: "hint", id: `${id}-hint` }, t(name === "number" ? "claim.number.hint" : `claim.${name}.hint`)));
  const say = (text) => {
    input.setAttribute("aria-invalid", String(Boolean(text)));
    fault.textContent = text;
  };
  const check = () => say(input.value.trim() ? "" : t("claim.missing"));
  input.addEventListener("input", () => { if (fault.textContent) check(); });
  return { root, input, check, say };
}

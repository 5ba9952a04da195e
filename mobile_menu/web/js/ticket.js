// A coupon, or a link to share, as a sheet: the code in large letters, its QR code for the till, copy and share.

import { h, safeHref } from "./dom.js";
import { openSheet, toast } from "./sheets.js";
import { t } from "./words.js";

export function openTicket(item) {
  const link = item.kind === "share" ? item.code || safeHref(item.action?.href ?? "")?.href || "" : "";
  const code = link || item.code || "";
  const buttons = [h("button", { class: "button quiet", type: "button", onclick: () => copy(code) }, t("copy"))];
  if (link && navigator.share) buttons.push(h("button", { class: "button", type: "button", onclick: () => share(item, link) }, t("share")));
  return openSheet({
    title: item.title,
    name: "ticket",
    body: [
      item.detail ? h("p", { class: "large" }, item.detail) : null,
      h("div", { class: "stub" },
        item.qr?.startsWith("data:image/") ? h("img", { class: "qr", src: item.qr, alt: t("qr", { code }) }) : null,
        h("p", { class: link ? "code long" : "code" }, code)),
      h("p", { class: "quiet-text" }, item.hint ?? t(link ? "share.show" : "coupon.show")),
    ].filter(Boolean),
    foot: code ? buttons : [],
  });
}

async function copy(code) {
  try {
    await navigator.clipboard.writeText(code);
    toast(t("copied"));
  } catch {
    // The browser does not let us: the code is there to be selected by hand.
    getSelection().selectAllChildren(document.querySelector(".ticket .code"));
  }
}

async function share(item, url) {
  try {
    await navigator.share({ title: item.title, url });
  } catch (error) {
    if (error.name !== "AbortError") toast(t("err.other"), "error");
  }
}

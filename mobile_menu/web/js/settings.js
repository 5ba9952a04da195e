// The settings: language, looks, where one is, who is with the product, and one's data. Each card is a module's own; a new
// one joins the list in `cards`.

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { installCard } from "./install.js";
import { placeCard } from "./place.js";
import { TEXTS, THEMES, wear } from "./preferences.js";
import { openPrivacy } from "./privacy.js";
import { pushCard } from "./push.js";
import { store } from "./store.js";
import { LANGUAGES, t } from "./words.js";

/**
 * Opens the settings. parts: those of openPrivacy, and journey (the one on the page, or null), onlanguage(name or null),
 * onpeople (null when there is nobody to see).
 */
export function openSettings(parts) {
  return openPrivacy({ ...parts, title: t("settings"), name: "settings", before: cards(parts) });
}

function cards({ journey, complain, onlanguage, onpeople }) {
  return [
    languageCard(onlanguage),
    looksCard(),
    installCard(),
    pushCard(complain),
    journey ? placeCard(journey, complain) : null,
    onpeople ? peopleCard(onpeople) : null,
  ].filter(Boolean);
}

function languageCard(onlanguage) {
  const options = [["", t("settings.auto")], ...Object.entries(LANGUAGES)];
  return h("section", { class: "card" }, h("h3", {}, icon("language"), t("settings.language")),
    choice("language", t("settings.language"), options, store.language ?? "", (value) => onlanguage(value || null)));
}

function looksCard() {
  const themes = [["", t("settings.auto")], ...THEMES.map((name) => [name, t(`settings.theme.${name}`)])];
  const texts = [["", t("settings.text.normal")], ...TEXTS.map((name) => [name, t(`settings.text.${name}`)])];
  return h("section", { class: "card" }, h("h3", {}, icon("theme"), t("settings.looks")),
    choice("theme", t("settings.theme"), themes, store.theme ?? "", (value) => { store.theme = value || null; wear(); }),
    choice("text", t("settings.text"), texts, store.text ?? "", (value) => { store.text = value || null; wear(); }));
}

function peopleCard(onpeople) {
  return h("section", { class: "card" }, h("h3", {}, icon("people"), t("people")), h("p", {}, t("settings.people")),
    h("button", { class: "button quiet wide", type: "button", onclick: onpeople }, t("settings.people.go")));
}

/** One of a few, as a row of buttons that are radio buttons. options: [value, label] each. */
function choice(name, legend, options, chosen, onchoose) {
  return h("fieldset", { class: "setting" }, h("legend", {}, legend),
    options.map(([value, label]) => {
      const input = h("input", { type: "radio", class: "unseen", name: `setting-${name}`, value, checked: value === chosen, onchange: () => onchoose(value) });
      return h("label", { lang: name === "language" && value ? value : null }, input, h("span", {}, label));
    }));
}

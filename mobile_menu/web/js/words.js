// The page's language: which one, its words (of words/, one file for each, loaded when it is wanted), numbers and times.
// What the menu says comes with the menu, in the language that it was asked for.

/** The languages that we have words in, by their own names; the first one is the one that content falls back to. */
export const LANGUAGES = { en: "English", de: "Deutsch", ar: "العربية" };

const RIGHT_TO_LEFT = ["ar"];
const FALLBACK = "en";
const DEFAULT_LOCALES = { en: "en-GB" }; // Else the language alone says how to write a date.
const DIGITS = { ar: "latn" }; // Of the menu, by CLDR for `ar`: a phone of Egypt would write others beside it.
const BLANK = /\{(\w+)\}/g;

const loaded = new Map();
let current = FALLBACK;
let wanted = FALLBACK;

const base = (tag) => String(tag || "").toLowerCase().split("-")[0];

/** Ours for the phone's own languages; English when none of them is. */
export function phoneLanguage() {
  return navigator.languages.map(base).find((name) => name in LANGUAGES) ?? FALLBACK;
}

/**
 * What the page shall speak beside a menu: what was chosen; else as the menu does. A menu in English may only have fallen
 * back to it: then the page keeps to the phone's language.
 */
export function languageBeside(menu, chosen = null) {
  if (chosen in LANGUAGES) return chosen;
  const said = base(menu?.language);
  return said in LANGUAGES && said !== FALLBACK ? said : phoneLanguage();
}

/** Loads a language and speaks it from then on. Resolves to whether that changed anything; what cannot be had changes nothing. */
export async function speak(name) {
  wanted = name;
  if (!loaded.has(name)) {
    const file = await import(`./words/${name}.js`).catch(() => null);
    if (!file) return false;
    loaded.set(name, file);
  }
  // Another one may have been wanted meanwhile; the first one is there at any rate.
  if (wanted !== name && loaded.has(current)) return false;
  const changed = current !== name || document.documentElement.lang !== name;
  current = name;
  document.documentElement.lang = name;
  document.documentElement.dir = direction(name);
  return changed;
}

export function language() {
  return current;
}

/** How a language is written: rtl or ltr. tag: such as `ar-EG`. */
export function direction(tag) {
  return RIGHT_TO_LEFT.includes(base(tag)) ? "rtl" : "ltr";
}

const dictionary = () => loaded.get(current)?.words ?? {};

/** The sentences of conditions, by condition. */
export function sentences() {
  return loaded.get(current)?.sentences ?? {};
}

/** True when the page has words under this key. */
export function has(key) {
  return Object.hasOwn(dictionary(), key);
}

/**
 * The words under a key, with {name} filled in; where there are forms, the one for {count}. A key without words is shown
 * as it is: a visible fault, not a silent one.
 */
export function t(key, values = {}) {
  const found = dictionary()[key] ?? key;
  const text = typeof found === "string" ? found : found[new Intl.PluralRules(locale()).select(values.count)] ?? found.other;
  return text.replace(BLANK, (whole, name) => (typeof values[name] === "number" ? number(values[name]) : values[name] ?? whole));
}

/** The language with its region, as the phone writes it; in the digits of the menu. */
export function locale() {
  const tag = navigator.languages.find((one) => base(one) === current) ?? DEFAULT_LOCALES[current] ?? current;
  return DIGITS[current] ? new Intl.Locale(tag, { numberingSystem: DIGITS[current] }).toString() : tag;
}

export function number(value) {
  return new Intl.NumberFormat(locale()).format(value);
}

/** A moment as people say it: the time today, with the day when it was not today. */
export function moment(value, now = new Date()) {
  const at = new Date(value);
  const sameDay = at.toDateString() === now.toDateString();
  const sameYear = at.getFullYear() === now.getFullYear();
  const style = sameDay
    ? { hour: "2-digit", minute: "2-digit" }
    : { day: "numeric", month: "short", ...(sameYear ? { hour: "2-digit", minute: "2-digit" } : { year: "numeric" }) };
  return new Intl.DateTimeFormat(locale(), style).format(at);
}

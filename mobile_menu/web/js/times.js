// Days and hours as people say them, in the language of the page.

import { locale } from "./words.js";

/** `Tuesday, 24 November`; with the year when it is another one. */
export function dayOf(value, now = new Date()) {
  const at = new Date(value);
  const year = at.getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
  return new Intl.DateTimeFormat(locale(), { weekday: "long", day: "numeric", month: "long", ...year }).format(at);
}

/** `Fri 20 Nov, 14:32`. */
export function hourOf(value) {
  return new Intl.DateTimeFormat(locale(), { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }).format(new Date(value));
}

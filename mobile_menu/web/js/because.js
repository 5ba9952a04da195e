// The conditions that put an item on the menu (`name=value`, `not(…)`), in plain sentences. An unknown one is shown as it is.

import { sentences } from "./words.js";

/** One condition as a sentence in the shell's language. */
export function plain(condition) {
  const words = sentences();
  const negated = /^not\((.*)\)$/.exec(condition);
  if (negated) {
    return opposite(negated[1]) ?? words.not.replace("{value}", all(negated[1]));
  }
  if (words[condition]) return words[condition];
  const found = /^([a-z_]+)=(.*)$/.exec(condition);
  if (!found) return human(condition);
  const [, name, raw] = found;
  const values = raw.split("|").map((value) => (name === "done_by" || name === "witness" ? words[value] : null) ?? words[`${name}=${value}`] ?? human(value));
  const value = values.join(", ");
  return words[name] ? words[name].replace("{value}", value) : words.other.replace("{name}", human(name)).replace("{value}", value);
}

/** Several conditions in one, as they stand inside of a negation: `(a or b) & c`. */
function all(conditions) {
  return conditions.split(" & ").map((part) => part.replace(/^\((.*)\)$/, "$1").split(" or ").map(plain).join(" / ")).join(" · ");
}

/** The sentence of a flag that is the other way round, when we have one. */
function opposite(condition) {
  const flag = /^([a-z_]+)=(true|false)$/.exec(condition);
  return flag ? sentences()[`${flag[1]}=${flag[2] === "true" ? "false" : "true"}`] : undefined;
}

/** Who witnessed a done step, when its conditions say so: device, customer, expert; else an empty text. */
export function witness(because) {
  for (const condition of because ?? []) {
    const found = /^(?:witness|done_by)=(device|customer|expert)$/.exec(condition);
    if (found) return found[1];
  }
  return "";
}

function human(text) {
  return text.replaceAll(/[_-]+/g, " ").trim();
}

// The conditions that put an item on the menu (`name=value`, `not(…)`), in plain sentences. An unknown one is shown as it is.

import { language } from "./words.js";

const SENTENCES = {
  en: {
    "stage=interested": "You are getting to know the product", "stage=engaged": "You are thinking of getting one",
    "stage=delivery": "Your order is on its way", "stage=install": "Your product is being set up",
    "stage=support": "Your product is in use", "stage=closed": "This journey has ended",
    "level=ok": "It is working well", "level=busy": "It is busy", "level=attention": "It asks for attention",
    "level=error": "It needs help", "level=offline": "It is out of reach", "level=unknown": "It has not reported yet",
    "proximity=here": "You are standing next to it", "proximity=near": "You are in the same room", "proximity=away": "You are not near it",
    "proximity=shop": "You are in a partner shop", "proximity=unknown": "We do not know where you are",
    "parcel=none": "There is no parcel yet", "parcel=label": "The parcel is being prepared", "parcel=moving": "The parcel is moving",
    "parcel=out_for_delivery": "The parcel is out for delivery", "parcel=late": "The parcel is late",
    "parcel=failed": "The parcel could not be delivered", "parcel=delivered": "The parcel was delivered",
    "role=owner": "You own it", "role=household": "You belong to its household", "role=guest": "You are its guest", "role=visitor": "You are visiting",
    "onlooker=elsewhere": "It is somebody's, and nothing shows that you stand at it", "onlooker=beside": "It is somebody's, and you have shown that you stand at it", "onlooker=no": "It is nobody else's",
    "stall=parcel_late": "The parcel takes longer than promised", "stall=install_stuck": "The set-up takes longer than it should",
    "stall=fault_unattended": "A fault has been waiting for a while", "stall=silent": "It has been silent for a while",
    "firmware=current": "Its software is up to date", "firmware=available": "New software is ready for it",
    "firmware=installing": "It is installing new software", "firmware=failed": "The last software update failed",
    "demo_unit=true": "It is a demonstration unit", "proven=true": "Your phone has shown that it is next to it",
    "has_coupon=true": "You have a coupon", "has_coupon=false": "You have no coupon yet", "coupon_used=false": "You have not used a coupon", "has_case=true": "You are talking with an expert",
    "has_case=false": "You are not talking with an expert", "has_shop=true": "We know which shop you are in", "has_promise=true": "The delivery day is known",
    "has_steps=true": "It has a list of steps", "unread=true": "An expert has answered", "days_left=true": "We can tell how long its supplies will last",
    "supplies=true": "It reports its supplies", "in_distress=true": "Something is not right yet", "in_distress=false": "Nothing is wrong",
    "return_requested=true": "You have asked to return it", "return_requested=false": "You have not asked to return it",
    "link=claim": "We know which one it is, and it is not yours yet",
    reason: "It reports: {value}", last_reason: "The last thing it reported: {value}", next_step: "The next step is: {value}", step: "A step of the set-up: {value}",
    survey: "A question is open: {value}", usage: "It tells us this about its use: {value}", consent: "You allowed: {value}", link: "There is a page for it: {value}",
    supply: "One of its supplies: {value}", closed_reason: "It ended because: {value}", done_by: "Confirmed by: {value}", witness: "Confirmed by: {value}",
    always: "This is on every menu", not: "This does not hold: {value}", other: "{name}: {value}", device: "the product itself", customer: "you", expert: "an expert",
  },
  de: {
    "stage=interested": "Sie lernen das Gerät gerade kennen", "stage=engaged": "Sie denken über den Kauf nach",
    "stage=delivery": "Ihre Bestellung ist unterwegs", "stage=install": "Ihr Gerät wird gerade eingerichtet",
    "stage=support": "Ihr Gerät ist im Einsatz", "stage=closed": "Diese Reise ist zu Ende",
    "level=ok": "Es arbeitet gut", "level=busy": "Es ist beschäftigt", "level=attention": "Es bittet um Aufmerksamkeit",
    "level=error": "Es braucht Hilfe", "level=offline": "Es ist nicht erreichbar", "level=unknown": "Es hat sich noch nicht gemeldet",
    "proximity=here": "Sie stehen daneben", "proximity=near": "Sie sind im selben Raum", "proximity=away": "Sie sind nicht in der Nähe",
    "proximity=shop": "Sie sind in einem Partnergeschäft", "proximity=unknown": "Wir wissen nicht, wo Sie sind",
    "parcel=none": "Es gibt noch kein Paket", "parcel=label": "Das Paket wird vorbereitet", "parcel=moving": "Das Paket ist unterwegs",
    "parcel=out_for_delivery": "Das Paket ist in Zustellung", "parcel=late": "Das Paket verspätet sich",
    "parcel=failed": "Das Paket konnte nicht zugestellt werden", "parcel=delivered": "Das Paket wurde zugestellt",
    "role=owner": "Es gehört Ihnen", "role=household": "Sie gehören zum Haushalt", "role=guest": "Sie sind zu Gast", "role=visitor": "Sie sehen sich um",
    "onlooker=elsewhere": "Es gehört jemandem, und nichts zeigt, dass Sie davor stehen", "onlooker=beside": "Es gehört jemandem, und Sie haben gezeigt, dass Sie davor stehen", "onlooker=no": "Es gehört niemand anderem",
    "stall=parcel_late": "Das Paket braucht länger als versprochen", "stall=install_stuck": "Die Einrichtung dauert länger als sie soll",
    "stall=fault_unattended": "Eine Störung wartet schon eine Weile", "stall=silent": "Es ist seit einer Weile still",
    "firmware=current": "Seine Software ist aktuell", "firmware=available": "Neue Software liegt bereit",
    "firmware=installing": "Es installiert neue Software", "firmware=failed": "Die letzte Aktualisierung ist fehlgeschlagen",
    "demo_unit=true": "Es ist ein Vorführgerät", "proven=true": "Ihr Telefon hat gezeigt, dass es daneben ist",
    "has_coupon=true": "Sie haben einen Gutschein", "has_coupon=false": "Sie haben noch keinen Gutschein", "coupon_used=false": "Sie haben noch keinen Gutschein eingelöst", "has_case=true": "Sie sind mit Fachleuten im Gespräch",
    "has_case=false": "Sie sind mit niemandem vom Fach im Gespräch", "has_shop=true": "Wir wissen, in welchem Geschäft Sie sind", "has_promise=true": "Der Liefertag steht fest",
    "has_steps=true": "Es gibt eine Liste von Schritten", "unread=true": "Sie haben eine neue Antwort", "days_left=true": "Wir wissen, wie lange der Vorrat reicht",
    "supplies=true": "Es meldet seine Vorräte", "in_distress=true": "Etwas stimmt noch nicht", "in_distress=false": "Es fehlt an nichts",
    "return_requested=true": "Sie wollen es zurückgeben", "return_requested=false": "Sie haben keine Rückgabe verlangt",
    "link=claim": "Wir wissen, welches Gerät es ist, und es gehört Ihnen noch nicht",
    reason: "Es meldet: {value}", last_reason: "Zuletzt meldete es: {value}", next_step: "Der nächste Schritt ist: {value}", step: "Ein Schritt der Einrichtung: {value}",
    survey: "Eine Frage ist offen: {value}", usage: "Das wissen wir über seine Nutzung: {value}", consent: "Sie haben erlaubt: {value}", link: "Dazu gibt es eine Seite: {value}",
    supply: "Einer seiner Vorräte: {value}", closed_reason: "Sie endete, weil: {value}", done_by: "Bestätigt von: {value}", witness: "Bestätigt von: {value}",
    always: "Das steht auf jedem Menü", not: "Das trifft nicht zu: {value}", other: "{name}: {value}", device: "dem Gerät selbst", customer: "Ihnen", expert: "Fachleuten",
  },
};

/** One condition as a sentence in the shell's language. */
export function plain(condition) {
  const words = SENTENCES[language()];
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
  return flag ? SENTENCES[language()][`${flag[1]}=${flag[2] === "true" ? "false" : "true"}`] : undefined;
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

/** Both dictionaries, for the check that they say the same things. */
export const dictionaries = SENTENCES;

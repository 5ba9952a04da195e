// The shell's own words, in English and German, and how times are written. The menu's words come with the menu.

import { PEOPLE } from "./words-people.js";

const WORDS = {
  en: {
    "stage.interested": "Discover", "stage.engaged": "Choose", "stage.delivery": "Delivery", "stage.install": "Set up",
    "stage.support": "In use", "stage.closed": "Closed", "stage.all": "Where you are: {stage}, {n} of 5", "stage.ended": "This journey has ended",
    "level.ok": "All is well", "level.busy": "Working", "level.attention": "Needs you soon", "level.error": "Needs help",
    "level.offline": "Out of reach", "level.unknown": "Not heard from yet", "level.none": "",
    since: "Since {time}", live: "Live", waiting: "Connecting", old: "Not live",
    "offline.menu": "You are offline. This is the menu as of {time}.", "offline.line": "The service is out of reach. This is the menu as of {time}.",
    "offline.plain": "You are offline. This page comes alive again by itself.",
    changed: "Your menu has changed. First: {title}.", status: "Status: {text}",
    close: "Close", back: "Back", next: "Next", done: "Done", cancel: "Cancel", yes: "Yes, go ahead", retry: "Try again",
    step: "Step {n} of {of}", "guide.gone": "Done: this is no longer on your menu.", "guide.now": "It now says: {text}",
    why: "Why do I see this?", "why.of": "Why do I see “{title}”?", "why.lead": "This is on your menu because, right now:",
    "why.none": "This is on every menu, at every stage.", "why.foot": "When this changes, your menu changes with it.",
    progress: "{n} of {of} done", ticked: "Done", "witness.device": "seen by the product itself", "witness.customer": "ticked by you",
    "witness.expert": "ticked by an expert", opens: "opens another site",
    "out.noted": "Noted. Thank you.", "out.command_queued": "On its way to your product.", "out.step_done": "Done. One step further.",
    "out.coupon_issued": "Your coupon is ready.", "out.call_requested": "Our experts have your wish. The answer comes here.", "out.return_requested": "Our experts have your wish. The answer comes here.",
    "err.unreachable": "That did not get through. Please try again.", "err.proof_needed": "Stand next to the product and try again.",
    "err.item_unavailable": "This is not on offer any more. Your menu is being refreshed.",
    "err.claim_refused": "This code does not open that product. Please check both.",
    "err.already_claimed": "Somebody owns this product already. Its owner can invite you.",
    "err.unit_in_shop": "This product stands in a shop to be tried. The shop can sell you one.",
    "err.too_many_attempts": "Too many attempts. Please wait a little and try again.", "err.other": "Something went wrong on our side. Please try again.",
    "coupon.show": "Show this code at the till", "share.show": "Share this with a friend", copy: "Copy", copied: "Copied.", share: "Share", qr: "QR code: {code}",
    expert: "Ask an expert", "expert.new": "Ask an expert (a new answer)", "expert.hello": "What can we do for you? An expert sees your product's state and this menu, and answers right here.",
    "expert.write": "Your message", "expert.send": "Send", "expert.you": "You", "expert.them": "Expert", "expert.sending": "Sending …", "expert.failed": "Not sent. Your text is still below.",
    "expert.wait": "We have your message. An expert will answer here.", "expert.closed": "This conversation is closed. Write to start a new one.",
    "expert.answered": "An expert has answered.", "expert.opened": "Conversation of {time}",
    products: "Your products", "products.add": "Add a product", "role.visitor": "Visitor", "role.guest": "Guest", "role.household": "Household", "role.owner": "Owner",
    "start.title": "Hello. Which product is it?", "start.text": "Scan the QR code on your product with your phone's camera, or enter the code from the box.",
    "claim.title": "Enter it by hand", "claim.number": "Product number, or the link behind the QR code", "claim.number.hint": "14 digits after (01) on the label",
    "claim.serial": "Serial number", "claim.serial.hint": "After (21) on the label", "claim.code": "Code from the box", "claim.code.hint": "On the card in the box, or on the display",
    "claim.go": "Connect my product", "claim.ok": "It is yours. Welcome.", "claim.linked": "We have read the product from its QR code. Only the code is missing.", "claim.missing": "Please fill this in.",
    "claim.refused": "This code does not open it. Please check the code.",
    "claim.named": "It is the one with the serial number {serial}. Only the code from its box is missing.",
    privacy: "Your data", "privacy.text": "We keep what this menu needs: which product it is, what it reports, and what you asked us. Where you are is used and forgotten.",
    "privacy.export": "Take everything with you", "privacy.export.text": "One file with all that we hold of you.", "privacy.export.go": "Download my data", "privacy.exported": "Your file is ready.",
    "privacy.leave": "Leave", "privacy.leave.text": "Wipes every connection between you and your products, at once and everywhere. The products work on. You get a signed receipt.",
    "privacy.leave.go": "Leave and wipe", "privacy.leave.sure": "This cannot be undone. All your products leave this phone and your conversations are wiped.", "privacy.leave.yes": "Yes, wipe everything", "privacy.leave.no": "No, stay",
    email: "Your e-mail address", "email.text": "With it you find your products again on a new phone. Nobody else sees it.", "email.label": "E-mail address", "email.go": "Send me a link",
    "email.loading": "One moment …", "email.none": "You have not given one.", "email.known": "Confirmed: {address}", "email.remove": "Remove my address", "email.wrong": "Please enter an address such as ada@example.com.",
    "email.sent": "We have sent a link to {address}. Open it in this browser within 30 minutes.", "email.limited": "Links to {address} were asked for so often today, maybe not by you, that we send none before {again}. Open the newest mail that you have from us in this browser: its link counts here.", "email.done": "Confirmed: {address}", "email.joined": "Confirmed. Your products of both phones are together now.",
    "err.email_link_refused": "This link does not count here. Ask for it on this phone, and open it in this browser within 30 minutes.",
    phones: "Your phones", "phones.text": "Where you are signed in. Sign out a phone that you no longer use.", "phones.this": "This phone", "phones.other": "Another phone, last used {time}", "phones.visit": "A browser that remembers you, since {time}", "phones.others": "Sign out all others", "phones.end": "Sign out",
    "phones.out": "Sign out this phone", "phones.out.sure": "This phone forgets your products. Without a confirmed e-mail address you lose access to what is yours, and only we can help you back. Nobody can erase your data from here afterwards: do you want to erase it as well?", "phones.out.yes": "Sign out only", "phones.out.erase": "Erase as well",
    "out.title": "You are signed out.", "out.text": "This phone has forgotten your products. They work on. Your confirmed e-mail address brings them back; without one, ask us.",
    "ended.title": "This phone was signed out.", "ended.text": "Its session was ended, by you on another phone or by us for your safety. Confirm your e-mail address again to get your products back.", "ended.again": "For your safety this phone has begun a new session.",
    "left.title": "You have left.", "left.text": "Every connection between you and your products is wiped, here and with us. This is your signed receipt; we keep no copy that names you.", "left.download": "Download the receipt", "left.again": "Start anew",
    "gone.title": "This journey has ended.", "gone.text": "This product is no longer linked to this phone.", "gone.go": "Go on",
    "error.title": "We cannot show your menu right now.", "error.text": "It is not you. We try again by ourselves; you can also try now.",
    "link.other": "That link belongs to another visit. These are your products.", loading: "Your menu is on its way",
  },
  de: {
    "stage.interested": "Entdecken", "stage.engaged": "Wählen", "stage.delivery": "Lieferung", "stage.install": "Aufbau",
    "stage.support": "Im Einsatz", "stage.closed": "Beendet", "stage.all": "Hier stehen Sie: {stage}, {n} von 5", "stage.ended": "Diese Reise ist zu Ende",
    "level.ok": "Alles in Ordnung", "level.busy": "Arbeitet", "level.attention": "Braucht Sie bald", "level.error": "Braucht Hilfe",
    "level.offline": "Nicht erreichbar", "level.unknown": "Noch nicht gemeldet", "level.none": "",
    since: "Seit {time}", live: "Live", waiting: "Verbinde", old: "Nicht live",
    "offline.menu": "Sie sind offline. Das ist das Menü von {time}.", "offline.line": "Der Dienst ist nicht erreichbar. Das ist das Menü von {time}.",
    "offline.plain": "Sie sind offline. Diese Seite meldet sich von selbst zurück.",
    changed: "Ihr Menü hat sich geändert. Zuerst: {title}.", status: "Status: {text}",
    close: "Schließen", back: "Zurück", next: "Weiter", done: "Fertig", cancel: "Abbrechen", yes: "Ja, bitte", retry: "Noch einmal versuchen",
    step: "Schritt {n} von {of}", "guide.gone": "Erledigt: Das steht nicht mehr auf Ihrem Menü.", "guide.now": "Jetzt gilt: {text}",
    why: "Warum sehe ich das?", "why.of": "Warum sehe ich „{title}“?", "why.lead": "Das steht auf Ihrem Menü, weil gerade gilt:",
    "why.none": "Das steht auf jedem Menü, zu jeder Zeit.", "why.foot": "Ändert sich das, ändert sich auch Ihr Menü.",
    progress: "{n} von {of} erledigt", ticked: "Erledigt", "witness.device": "vom Gerät selbst bestätigt", "witness.customer": "von Ihnen abgehakt",
    "witness.expert": "von Fachleuten abgehakt", opens: "öffnet eine andere Seite",
    "out.noted": "Notiert. Danke.", "out.command_queued": "Unterwegs zu Ihrem Gerät.", "out.step_done": "Erledigt. Ein Schritt weiter.",
    "out.coupon_issued": "Ihr Gutschein ist da.", "out.call_requested": "Unsere Fachleute haben Ihren Wunsch. Die Antwort kommt hier.", "out.return_requested": "Unsere Fachleute haben Ihren Wunsch. Die Antwort kommt hier.",
    "err.unreachable": "Das kam nicht durch. Bitte versuchen Sie es noch einmal.", "err.proof_needed": "Bitte stellen Sie sich neben das Gerät und versuchen Sie es noch einmal.",
    "err.item_unavailable": "Das gibt es gerade nicht mehr. Ihr Menü wird erneuert.",
    "err.claim_refused": "Dieser Code passt nicht zu diesem Gerät. Bitte prüfen Sie beides.",
    "err.already_claimed": "Dieses Gerät gehört schon jemandem. Wer es besitzt, kann Sie einladen.",
    "err.unit_in_shop": "Dieses Gerät steht im Laden zum Ausprobieren. Der Laden kann Ihnen eines verkaufen.",
    "err.too_many_attempts": "Zu viele Versuche. Bitte warten Sie etwas.", "err.other": "Bei uns ist etwas schiefgegangen. Bitte versuchen Sie es noch einmal.",
    "coupon.show": "Zeigen Sie diesen Code an der Kasse", "share.show": "Teilen Sie das mit Freunden", copy: "Kopieren", copied: "Kopiert.", share: "Teilen", qr: "QR-Code: {code}",
    expert: "Fachleute fragen", "expert.new": "Fachleute fragen (neue Antwort)", "expert.hello": "Was können wir für Sie tun? Ein Mensch vom Fach sieht den Zustand Ihres Geräts und dieses Menü und antwortet genau hier.",
    "expert.write": "Ihre Nachricht", "expert.send": "Senden", "expert.you": "Sie", "expert.them": "Vom Fach", "expert.sending": "Wird gesendet …", "expert.failed": "Nicht gesendet. Ihr Text steht noch unten.",
    "expert.wait": "Wir haben Ihre Nachricht. Die Antwort kommt hier.", "expert.closed": "Dieses Gespräch ist beendet. Schreiben Sie, um ein neues zu beginnen.",
    "expert.answered": "Sie haben eine Antwort.", "expert.opened": "Gespräch von {time}",
    products: "Ihre Geräte", "products.add": "Gerät hinzufügen", "role.visitor": "Besuch", "role.guest": "Gast", "role.household": "Haushalt", "role.owner": "Besitz",
    "start.title": "Hallo. Um welches Gerät geht es?", "start.text": "Scannen Sie den QR-Code auf Ihrem Gerät mit der Kamera Ihres Telefons, oder geben Sie den Code aus der Verpackung ein.",
    "claim.title": "Von Hand eingeben", "claim.number": "Artikelnummer oder Link des QR-Codes", "claim.number.hint": "14 Ziffern nach (01) auf dem Etikett",
    "claim.serial": "Seriennummer", "claim.serial.hint": "Nach (21) auf dem Etikett", "claim.code": "Code aus der Verpackung", "claim.code.hint": "Auf der Karte im Karton oder auf dem Display",
    "claim.go": "Mein Gerät verbinden", "claim.ok": "Es gehört Ihnen. Willkommen.", "claim.linked": "Das Gerät kennen wir aus dem QR-Code. Es fehlt nur der Code.", "claim.missing": "Bitte ausfüllen.",
    "claim.refused": "Dieser Code passt nicht dazu. Bitte prüfen Sie ihn.",
    "claim.named": "Es ist das Gerät mit der Seriennummer {serial}. Es fehlt nur noch der Code aus der Verpackung.",
    privacy: "Ihre Daten", "privacy.text": "Wir halten fest, was dieses Menü braucht: welches Gerät es ist, was es meldet und was Sie uns gefragt haben. Wo Sie sind, wird genutzt und vergessen.",
    "privacy.export": "Alles mitnehmen", "privacy.export.text": "Eine Datei mit allem, was wir von Ihnen haben.", "privacy.export.go": "Meine Daten herunterladen", "privacy.exported": "Ihre Datei ist da.",
    "privacy.leave": "Gehen", "privacy.leave.text": "Löscht jede Verbindung zwischen Ihnen und Ihren Geräten, sofort und überall. Die Geräte arbeiten weiter. Sie bekommen einen signierten Beleg.",
    "privacy.leave.go": "Gehen und löschen", "privacy.leave.sure": "Das lässt sich nicht rückgängig machen. Alle Geräte verschwinden von diesem Telefon, alle Gespräche werden gelöscht.", "privacy.leave.yes": "Ja, alles löschen", "privacy.leave.no": "Nein, bleiben",
    email: "Ihre E-Mail-Adresse", "email.text": "Damit finden Sie Ihre Geräte auf einem neuen Telefon wieder. Niemand sonst sieht sie.", "email.label": "E-Mail-Adresse", "email.go": "Link zusenden",
    "email.loading": "Einen Moment …", "email.none": "Sie haben keine angegeben.", "email.known": "Bestätigt: {address}", "email.remove": "Meine Adresse entfernen", "email.wrong": "Bitte geben Sie eine Adresse wie ada@example.com ein.",
    "email.sent": "Wir haben einen Link an {address} gesendet. Öffnen Sie ihn in diesem Browser innerhalb von 30 Minuten.", "email.limited": "Links an {address} wurden heute so oft angefordert, vielleicht nicht von Ihnen, dass wir vor {again} keinen mehr senden. Öffnen Sie die neueste Mail von uns in diesem Browser: Ihr Link gilt hier.", "email.done": "Bestätigt: {address}", "email.joined": "Bestätigt. Die Geräte beider Telefone sind jetzt beisammen.",
    "err.email_link_refused": "Dieser Link gilt hier nicht. Fordern Sie ihn auf diesem Telefon an, und öffnen Sie ihn in diesem Browser innerhalb von 30 Minuten.",
    phones: "Ihre Telefone", "phones.text": "Wo Sie angemeldet sind. Melden Sie ein Telefon ab, das Sie nicht mehr verwenden.", "phones.this": "Dieses Telefon", "phones.other": "Ein anderes Telefon, zuletzt benutzt {time}", "phones.visit": "Ein Browser, der Sie wiedererkennt, seit {time}", "phones.others": "Alle anderen abmelden", "phones.end": "Abmelden",
    "phones.out": "Dieses Telefon abmelden", "phones.out.sure": "Dieses Telefon vergisst Ihre Geräte. Ohne bestätigte E-Mail-Adresse verlieren Sie den Zugang zu dem, was Ihnen gehört, und nur wir können Ihnen zurückhelfen. Löschen kann Ihre Daten von hier aus danach niemand mehr: Möchten Sie sie gleich mit löschen?", "phones.out.yes": "Nur abmelden", "phones.out.erase": "Auch löschen",
    "out.title": "Sie sind abgemeldet.", "out.text": "Dieses Telefon hat Ihre Geräte vergessen. Sie arbeiten weiter. Ihre bestätigte E-Mail-Adresse bringt sie zurück; ohne eine fragen Sie uns.",
    "ended.title": "Dieses Telefon wurde abgemeldet.", "ended.text": "Seine Sitzung wurde beendet, von Ihnen auf einem anderen Telefon oder von uns zu Ihrer Sicherheit. Bestätigen Sie Ihre E-Mail-Adresse noch einmal, um Ihre Geräte zurückzubekommen.", "ended.again": "Zu Ihrer Sicherheit hat dieses Telefon eine neue Sitzung begonnen.",
    "left.title": "Sie sind gegangen.", "left.text": "Jede Verbindung zwischen Ihnen und Ihren Geräten ist gelöscht, hier und bei uns. Das ist Ihr signierter Beleg; wir behalten keine Kopie, die Sie nennt.", "left.download": "Beleg herunterladen", "left.again": "Neu beginnen",
    "gone.title": "Diese Reise ist zu Ende.", "gone.text": "Dieses Gerät ist mit diesem Telefon nicht mehr verbunden.", "gone.go": "Weiter",
    "error.title": "Wir können Ihr Menü gerade nicht zeigen.", "error.text": "Es liegt nicht an Ihnen. Wir versuchen es weiter; Sie können es auch jetzt versuchen.",
    "link.other": "Dieser Link gehört zu einem anderen Besuch. Das sind Ihre Geräte.", loading: "Ihr Menü kommt",
  },
};

let current = "en";

/** Takes the best language we have for a tag such as `de-AT`, and tells the document. */
export function setLanguage(tag) {
  const base = String(tag || "en").toLowerCase().split("-")[0];
  current = base in WORDS ? base : "en";
  document.documentElement.lang = current;
}

export function language() {
  return current;
}

/** True when the shell has words under this key. */
export function has(key) {
  return key in WORDS[current];
}

/** The words under a key, with {name} filled in. A key without words is shown as it is: a visible fault, not a silent one. */
export function t(key, values = {}) {
  const text = WORDS[current][key] ?? WORDS.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** A moment as people say it: the time today, with the day when it was not today. */
export function moment(value, now = new Date()) {
  const at = new Date(value);
  const sameDay = at.toDateString() === now.toDateString();
  const sameYear = at.getFullYear() === now.getFullYear();
  const style = sameDay
    ? { hour: "2-digit", minute: "2-digit" }
    : { day: "numeric", month: "short", ...(sameYear ? { hour: "2-digit", minute: "2-digit" } : { year: "numeric" }) };
  return new Intl.DateTimeFormat(current === "en" ? navigator.languages.find((tag) => tag.startsWith("en")) ?? "en-GB" : current, style).format(at);
}

for (const [name, words] of Object.entries(PEOPLE)) Object.assign(WORDS[name], words);

/** Both dictionaries, for the check that they say the same things. */
export const dictionaries = WORDS;

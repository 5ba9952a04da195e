// What a scanned text is to us: a unit, a link of ours, or something else. Pure: nothing is fetched, no page is changed.

const GTIN_LENGTHS = [8, 12, 13, 14];
const OWN_PATHS = /^\/(?:01\/\d{8,14}\/|[cir]\/[^/]+$)/; // A unit's label, a campaign, an invitation, a recommendation.

/**
 * {kind: "ours", href}: a link of this service to follow · {kind: "unit", gtin, serial}: a unit, to be named in the form ·
 * {kind: "model", gtin}: a label that names no unit · {kind: "foreign"}: nothing of ours. origin: this service's own.
 */
export function scanned(text, origin) {
  const url = addressOf(text.trim());
  if (!url) return elementString(text.trim()) ?? { kind: "foreign" };
  if (url.origin === origin && isOurs(url)) return { kind: "ours", href: url.href };
  return digitalLink(url) ?? { kind: "foreign" };
}

function addressOf(text) {
  try {
    const url = new URL(text);
    return ["http:", "https:"].includes(url.protocol) && !url.username && !url.password ? url : null;
  } catch {
    return null;
  }
}

/** A path that we know what to do with; of the page itself only what names a unit, a journey or an invitation. */
function isOurs(url) {
  if (OWN_PATHS.test(url.pathname)) return digitalLink(url)?.kind !== "model";
  if (!/^\/app\/?$/.test(url.pathname)) return false;
  return url.hash.startsWith("#link=") || ["journey", "gtin", "uri"].some((name) => url.searchParams.get(name));
}

/** GS1 Digital Link URI syntax 1.3: …/01/{gtin}/…/21/{serial}, on whatever host, after whatever path of the host's own. */
function digitalLink(url) {
  const segments = url.pathname.split("/").filter(Boolean);
  for (let at = 0; at < segments.length - 1; at += 1) {
    const gtin = segments[at] === "01" ? padded(segments[at + 1]) : null;
    if (!gtin) continue;
    const rest = segments.slice(at + 2);
    const where = rest.findIndex((name, index) => index % 2 === 0 && name === "21");
    const serial = where < 0 ? "" : decoded(rest[where + 1] ?? "");
    return serial ? { kind: "unit", gtin, serial } : { kind: "model", gtin };
  }
  return null;
}

/** GS1 element strings: `(01)…(21)…` as people read them, or `01…21…` as a DataMatrix holds them, with FNC1 in between. */
function elementString(text) {
  const read = /^\(01\)(\d{14})(.*)$/s.exec(text);
  if (read) return named(read[1], /\(21\)([^(]{1,20})/.exec(read[2])?.[1]);
  const held = /^(?:\]d2|\]Q3|\x1d)?01(\d{14})(.*)$/s.exec(text);
  return held ? named(held[1], /(?:^|\x1d)21([^\x1d]{1,20})/.exec(held[2])?.[1]) : null;
}

function named(gtin, serial) {
  return serial ? { kind: "unit", gtin, serial } : { kind: "model", gtin };
}

function padded(text) {
  return GTIN_LENGTHS.includes(text.length) && /^\d+$/.test(text) ? text.padStart(14, "0") : null;
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

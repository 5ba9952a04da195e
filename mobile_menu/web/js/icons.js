// Our own drawings: 24 × 24, one stroke, round ends. Each is a list of paths; an unknown name gives the default.

const dot = (x, y, r = 0.6) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`;

const PATHS = {
  dot: [dot(12, 12, 4)],
  jam: ["M7 3h10v5.5l-2.5 1.8 2.5 1.7-2.5 1.7 2.5 1.8V21H7v-5.5l2.5-1.8L7 12l2.5-1.7L7 8.5z", "M2 12h2.5M19.5 12H22"],
  paper: ["M7 3h7l4 4v14H7z", "M14 3v4h4", "M10 12h5M10 16h5"],
  toner: ["M12 3c3 4 6 7 6 11a6 6 0 0 1-12 0c0-4 3-7 6-11z", "M9 14a3 3 0 0 0 3 3"],
  cover: ["M3 18h18", "M5 18v-6h14v6", "M5 12l12-7", dot(16, 15)],
  parcel: ["M4 8l8-4 8 4v8l-8 4-8-4z", "M4 8l8 4 8-4M12 12v8", "M8 6l8 4"],
  truck: ["M3 6h11v10H3z", "M14 10h4l3 3v3h-7", dot(7.5, 17.5, 1.8), dot(17, 17.5, 1.8)],
  wifi: ["M3 10a13 13 0 0 1 18 0M6 13.5a8.5 8.5 0 0 1 12 0M9 17a4.5 4.5 0 0 1 6 0", dot(12, 20)],
  checklist: ["M4 6l1.5 1.5L8 5M4 12l1.5 1.5L8 11M4 18l1.5 1.5L8 17", "M12 6h8M12 12h8M12 18h8"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  coupon: ["M4 7h16v3.5a1.5 1.5 0 0 0 0 3V17H4v-3.5a1.5 1.5 0 0 0 0-3z", "M14 9v1M14 11.5v1M14 14v1"],
  bell: ["M6 17v-6a6 6 0 0 1 12 0v6l1.5 2h-15z", "M10 21.5h4M12 5V3"],
  gift: ["M4 9h16v4H4zM6 13v7h12v-7M12 9v11", "M12 9C10 4 6 5 7 7.5s5 1.5 5 1.5 4 1 5-1.5S14 4 12 9"],
  cart: ["M3 5h2.5l2 10h9.5l2-7H6.5", dot(9, 19, 1.3), dot(16, 19, 1.3)],
  expert: ["M4 6a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-6l-4.5 4v-4H6a2 2 0 0 1-2-2z", dot(8.5, 10), dot(12, 10), dot(15.5, 10)],
  shield: ["M12 3l7 3v5c0 5-3 8-7 10-4-2-7-5-7-10V6z", "M9 12l2 2 4-4"],
  video: ["M3 6h12v12H3z", "M15 10.5l6-3v9l-6-3"],
  training: ["M2 9l10-5 10 5-10 5z", "M6 11.5V16c3 3 9 3 12 0v-4.5M22 9v5"],
  power: ["M12 3v8", "M7 6a8 8 0 1 0 10 0"],
  link: ["M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1", "M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1"],
  out: ["M9 5H5v14h14v-4", "M13 4h7v7M20 4l-9 9"],
  help: [dot(12, 12, 9), "M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.4-1 .9-1 1.7", dot(12, 16.8, 0.5)],
  printer: ["M7 8V3h10v5", "M5 17H3V8h18v9h-2", "M7 14h10v7H7z", dot(17.5, 11)],
  coffee: ["M4 9h12v6a5 5 0 0 1-5 5H9a5 5 0 0 1-5-5z", "M16 10h2a2.5 2.5 0 0 1 0 5h-2", "M8 3v3M12 3v3"],
  phone: ["M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a1 1 0 0 1-1 1A15 15 0 0 1 4 5a1 1 0 0 1 1-1z"],
  people: [dot(9, 8, 3.5), "M2.5 19.5c.8-3.6 3.2-5.5 6.5-5.5s5.7 1.9 6.5 5.5", "M15 4.8a3.3 3.3 0 0 1 0 6.4M17.5 14.4c2 .8 3.4 2.5 4 5.1"],
  person: [dot(12, 8, 4), "M4 20c1-4 4-6 8-6s7 2 8 6"],
  home: ["M4 11l8-7 8 7", "M6 9.5V20h12V9.5", "M10 20v-6h4v6"],
  pin: ["M12 21c5-5 7-8 7-11a7 7 0 0 0-14 0c0 3 2 6 7 11z", dot(12, 10, 2.5)],
  clock: [dot(12, 12, 9), "M12 7v5l3 2"],
  star: ["M12 4l2.5 5 5.5.8-4 3.9 1 5.5-5-2.6-5 2.6 1-5.5-4-3.9L9.5 9z"],
  survey: ["M6 4h12v16H6z", "M9 4v-1h6v1", "M9 10h6M9 14h4"],
  share: ["M12 3v12M8 7l4-4 4 4", "M6 12H5v8h14v-8h-1"],
  setting: ["M4 7h9M17 7h3M4 17h3M11 17h9", dot(15, 7, 2), dot(9, 17, 2)],
  restart: ["M20 12a8 8 0 1 1-2.5-5.8", "M20 3v4h-4"],
  print: ["M7 3h10v5M7 3v5M5 8h14a2 2 0 0 1 2 2v6h-3M6 16H3v-6a2 2 0 0 1 2-2", "M7 14h10v7H7zM10 17.5h4"],
  firmware: ["M12 3v11M8 10l4 4 4-4", "M5 17v3h14v-3"],
  compare: ["M12 3v18", "M5 7h4v10H5zM15 9h4v8h-4z"],
  idea: ["M9 18h6M10 21h4", "M12 3a6 6 0 0 0-3.5 11c.7.6 1 1.2 1 2h5c0-.8.3-1.4 1-2A6 6 0 0 0 12 3z"],
  box: ["M4 8h16v12H4zM4 8l2-4h12l2 4", "M9 12h6"],
  alert: ["M12 4l9 16H3z", "M12 10v4", dot(12, 17, 0.5)],
  cloud: ["M7 18a4 4 0 0 1 0-8 5.5 5.5 0 0 1 10.5 1A3.5 3.5 0 0 1 17 18z", "M4 4l16 16"],
  return: ["M9 7L4 12l5 5", "M4 12h11a5 5 0 0 1 0 8h-2"],
  copy: ["M9 9h11v11H9z", "M5 15H4V4h11v1"],
  key: [dot(8, 15, 4), "M11 12l8-8M16 7l2.5 2.5"],
  sleep: ["M19 14.5A8 8 0 0 1 9.5 5a8 8 0 1 0 9.5 9.5z", "M15 4h4l-4 5h4"],
  drum: ["M6 7h12v10H6z", "M6 9H3v6h3M18 9h3v6h-3", "M10 7v10M14 7v10"],
  clean: ["M11 4l1.7 4.8L17.5 10.5l-4.8 1.7L11 17l-1.7-4.8L4.5 10.5l4.8-1.7z", "M18.5 15v5M16 17.5h5"],
  heat: ["M10 14V5a2 2 0 0 1 4 0v9a4 4 0 1 1-4 0z", "M12 10v7", "M17 6h3M17 10h2"],
  cold: ["M12 3v18M4.2 7.5l15.6 9M19.8 7.5l-15.6 9", "M9.5 4.5L12 7l2.5-2.5M9.5 19.5L12 17l2.5 2.5"],
  waste: ["M5 7h14M9 7V4h6v3", "M7 7l1 13h8l1-13", "M10.5 11v5M13.5 11v5"],
  display: ["M3 5h18v11H3z", "M9 20h6M12 16v4", "M7 9h6M7 12h3"],
  cancel: [dot(12, 12, 9), "M9 9l6 6M15 9l-6 6"],
  play: [dot(12, 12, 9), "M10 8.5l5.5 3.5L10 15.5z"],
  route: [dot(6, 19, 2), dot(18, 5, 2), "M8 19h7a3.5 3.5 0 0 0 0-7H9a3.5 3.5 0 0 1 0-7h7"],
  language: [dot(12, 12, 9), "M3 12h18M12 3c3 2.5 4 5.5 4 9s-1 6.5-4 9c-3-2.5-4-5.5-4-9s1-6.5 4-9"],
  theme: [dot(12, 12, 4), "M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6l1.4 1.4M17 17l1.4 1.4M18.4 5.6L17 7M7 17l-1.4 1.4"],
  camera: ["M4 8h3l2-3h6l2 3h3v11H4z", dot(12, 13, 3.5)],
  scan: ["M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4", "M8 8h3v3H8zM13 8h3v3h-3zM8 13h3v3H8zM13 13h3v3h-3z"],
  picture: ["M4 5h16v14H4z", "M4 16l5-5 4 4 2-2 5 5", dot(15.5, 9, 1.3)],
  torch: ["M8 3h8v4l-2 3v11h-4V10L8 7z", "M8 7h8M12 13v2"],
  next: ["M9 5l7 7-7 7"],
  down: ["M6 9l6 6 6-6"],
  close: ["M6 6l12 12M18 6L6 18"],
  send: ["M12 20V5M6 11l6-6 6 6"],
  leave: ["M10 4H5v16h5", "M14 8l4 4-4 4M18 12H9"],
};

/** Other words for the same drawing, among them the kinds of items. */
const SAME = {
  guide: "checklist", track: "truck", command: "power", reorder: "cart", privacy: "shield", order: "cart", shop: "pin",
  store: "pin", tray: "paper", door: "cover", ink: "toner", supply: "toner", call: "phone", tips: "idea", tip: "idea",
  offline: "cloud", error: "alert", attention: "alert", ok: "check", busy: "clock", unknown: "help", none: "dot",
  update: "firmware", download: "firmware", exchange: "return", question: "help", info: "help", chat: "expert", claim: "key",
  place: "pin", document: "paper", hot: "heat", export: "firmware", queue: "checklist", list: "checklist", light: "idea",
  step: "checklist", owner: "person",
  friend: "gift", referral: "gift", settings: "setting", box_open: "box", unbox: "box", parcels: "parcel", delivery: "truck",
};

/** An SVG element that screen readers pass over. kind: the drawing to take when the name is unknown. */
export function icon(name, kind = "dot") {
  const known = [name, SAME[name], kind, SAME[kind]].find((candidate) => candidate && PATHS[candidate]) ?? "dot";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [attribute, value] of [["viewBox", "0 0 24 24"], ["class", "icon"], ["aria-hidden", "true"], ["data-icon", known]]) {
    svg.setAttribute(attribute, value);
  }
  for (const d of PATHS[known]) {
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

// Building and changing the page: elements made of text (never of markup), lists changed by key, changes that move gently.

/** An element. attributes: `on…` are listeners, false and null are left out. children: nodes or text. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Sets the text only when it differs, so that nothing is repainted or read out twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Does what a button asks for, once: it cannot be pressed again until that is done. complain: told what went wrong. */
export async function busy(button, work, complain) {
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    complain(error);
  } finally {
    button.disabled = false;
  }
}

/** Makes the children of `parent` follow `values`: kept by key, so that focus, selection and listeners survive. */
export function keyed(parent, values, keyOf, create, update) {
  const wanted = new Set(values.map((value) => String(keyOf(value))));
  const had = new Map();
  for (const child of [...parent.children]) {
    if (wanted.has(child.dataset.key)) had.set(child.dataset.key, child);
    else child.remove();
  }
  let next = parent.firstElementChild;
  for (const value of values) {
    const key = String(keyOf(value));
    const node = had.get(key) ?? create(value);
    node.dataset.key = key;
    update(node, value);
    if (node === next) next = next.nextElementSibling;
    else parent.insertBefore(node, next);
  }
}

export function prefersCalm() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Runs `change`, keeps the focus where it was, and lets what moved or arrived under `root` do so gently. */
export function gently(root, change) {
  const focused = document.activeElement;
  const before = new Map([...root.querySelectorAll("[data-key]")].map((node) => [node, node.getBoundingClientRect()]));
  change();
  if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
  if (before.size === 0 || prefersCalm() || document.hidden) return;
  const moved = new Map();
  for (const node of root.querySelectorAll("[data-key]")) {
    const was = before.get(node);
    if (!was) {
      node.animate([{ opacity: 0, transform: "translateY(10px)" }, { opacity: 1, transform: "none" }], EASE);
      moved.set(node, 0);
      continue;
    }
    const shift = was.top - node.getBoundingClientRect().top;
    moved.set(node, shift);
    // An item rides on its section: only its own part of the way is its to make.
    const own = shift - (moved.get(node.parentElement.closest("[data-key]")) ?? 0);
    if (Math.abs(own) > 1) node.animate([{ transform: `translateY(${own}px)` }, { transform: "none" }], EASE);
  }
}

const EASE = { duration: 320, easing: "cubic-bezier(.2,.8,.2,1)" };

/** Says it to a screen reader, without moving the focus. */
export function announce(text) {
  document.getElementById("announce").textContent = text;
}

/** The address, when a page may lead there; else null. A menu never runs script by its links. */
export function safeHref(href) {
  try {
    const url = new URL(href, location.href);
    return ["http:", "https:", "tel:", "mailto:", "sms:"].includes(url.protocol) ? url : null;
  } catch {
    return null;
  }
}

/** Hands the customer a file. */
export function download(name, value) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(value, null, 2)], { type: "application/json" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

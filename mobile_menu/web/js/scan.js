// Scanning a product's code as a sheet: with the camera, if the customer lets us, or from a picture; else there is the form.

import { busy, h, setText } from "./dom.js";
import { explained } from "./permit.js";
import { createReader } from "./reader.js";
import { scanned } from "./scanned.js";
import { openSheet } from "./sheets.js";
import { t } from "./words.js";

const EVERY_MS = 150;

/** Opens the scanner. onunit({gtin, serial}): a unit was read; a link of ours is followed. complain(error) as everywhere. */
export async function openScan({ onunit, complain }) {
  const reading = createReader();
  reading.catch(() => {}); // It is waited for below; until then nobody has to know.
  const camera = Boolean(navigator.mediaDevices?.getUserMedia) && await explained("camera", "camera");
  const parts = createParts();
  let stream = null;
  const dialog = openSheet({
    title: t("scan.title"),
    name: "scan",
    body: [parts.view, parts.said, parts.torch],
    foot: [h("button", { class: "button quiet", type: "button", onclick: () => dialog.close() }, t("scan.hand")), parts.picture],
    onclose: () => stop(stream),
  });

  /** True when the text was something for us: then the scanner is done. */
  const take = (text) => {
    const found = scanned(text, location.origin);
    if (found.kind === "foreign" || found.kind === "model") {
      setText(parts.said, t(`scan.${found.kind}`));
      return false;
    }
    navigator.vibrate?.(60);
    // Once the sheet has given the focus back, so that it can go on to where it is needed.
    dialog.addEventListener("close", () => {
      if (found.kind === "unit") onunit({ gtin: found.gtin, serial: found.serial });
      else location.assign(found.href);
    });
    dialog.close();
    return true;
  };

  parts.input.addEventListener("change", () => busy(parts.input, () => readPicture(parts, reading, take), complain));
  if (!camera) {
    setText(parts.said, t("scan.without"));
    parts.view.hidden = true;
    return;
  }
  try {
    stream = await watch(parts, dialog);
    if (stream) await look(parts.video, dialog, await reading, take);
  } catch (error) {
    complain(error);
  }
}

function createParts() {
  const video = h("video", { class: "scan-video", playsinline: true, "aria-label": t("scan.view") });
  video.muted = true;
  const input = h("input", { type: "file", accept: "image/*", class: "unseen", id: "scan-picture" });
  return {
    video,
    input,
    view: h("div", { class: "scan-view" }, video, h("span", { class: "scan-frame", "aria-hidden": "true" })),
    said: h("p", { class: "large scan-said", role: "status" }, t("scan.text")),
    torch: h("button", { class: "button quiet", type: "button", hidden: true, "aria-pressed": "false" }, t("scan.torch")),
    picture: h("label", { class: "button file" }, input, h("span", {}, t("scan.picture"))),
  };
}

/** Starts the camera, and resolves to its stream; to null when there is none for us, which is then said. */
async function watch(parts, dialog) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment", width: { ideal: 1280 } } });
  } catch (error) {
    setText(parts.said, t(error.name === "NotAllowedError" ? "scan.denied" : "scan.nocamera"));
    parts.view.hidden = true;
    return null;
  }
  if (!dialog.open) { stop(stream); return null; }
  parts.video.srcObject = stream;
  await parts.video.play();
  offerTorch(parts.torch, stream.getVideoTracks()[0]);
  return stream;
}

function stop(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}

function offerTorch(button, track) {
  if (!track.getCapabilities?.().torch) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    track.applyConstraints({ advanced: [{ torch: on }] }).then(() => button.setAttribute("aria-pressed", String(on)), () => { button.hidden = true; });
  });
}

/** Looks at the camera's picture again and again, until something was read or the sheet is closed. */
async function look(video, dialog, reader, take) {
  while (dialog.open) {
    const text = document.hidden ? null : await reader.read(video);
    if (dialog.open && text && take(text)) return;
    await new Promise((resolve) => { setTimeout(resolve, EVERY_MS); });
  }
}

async function readPicture({ input, said }, reading, take) {
  const [file] = input.files;
  if (!file) return;
  setText(said, t("scan.looking"));
  const image = await createImageBitmap(file).catch(() => null);
  const text = image ? await (await reading).read(image) : null;
  image?.close();
  input.value = ""; // The same file may be chosen again.
  if (!text) setText(said, t(image ? "scan.none" : "scan.nopicture"));
  else take(text);
}

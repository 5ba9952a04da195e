// Reading a QR code in a picture: by the browser where it can, else by the decoder in vendor/, which is fetched only then.

const LARGEST = 960; // Pixels of the longer side: enough for a label at arm's length, and quick on a modest phone.

/** {read(source), native}. read: the text of a code in a video or an image, or null. source: has a width and a height. */
export async function createReader() {
  const native = await nativeReader();
  if (native) return { read: native, native: true };
  const { decodeQR } = await import("../vendor/qr/decode.js");
  return { read: (source) => decoded(pixels(source), decodeQR), native: false };
}

async function nativeReader() {
  const formats = await window.BarcodeDetector?.getSupportedFormats().catch(() => []) ?? [];
  if (!formats.includes("qr_code")) return null;
  const detector = new window.BarcodeDetector({ formats: formats.filter((name) => ["qr_code", "data_matrix"].includes(name)) });
  return async (source) => (await detector.detect(source).catch(() => []))[0]?.rawValue || null;
}

function pixels(source) {
  const width = source.videoWidth || source.width;
  const height = source.videoHeight || source.height;
  const scale = Math.min(1, LARGEST / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(source, 0, 0, canvas.width, canvas.height);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

function decoded(image, decodeQR) {
  try {
    return decodeQR(image);
  } catch {
    return null; // No code in this picture, or one that cannot be read.
  }
}

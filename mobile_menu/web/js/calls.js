// How the service is called, and what its refusals are: what every call needs, and the first one of all.

const BASE = "/menu/v1";

/** The service said no. code: stable; status: HTTP's; detail: for people. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail || body?.title || `HTTP ${status}`);
    this.status = status;
    this.code = body?.code ?? "";
    this.detail = body?.detail || body?.title || "";
  }
}

/** The service could not be reached. */
export class Unreachable extends Error {}

export async function send(path, options) {
  try {
    return await fetch(BASE + path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable(error.message);
  }
}

export async function checked(response) {
  if (response.ok || response.status === 304) return response;
  const text = await response.text().catch(() => "");
  let body = null;
  try {
    body = JSON.parse(text);
  } catch {
    // A proxy's page, not the service's problem: its status has to do.
  }
  throw new Problem(response.status, body);
}

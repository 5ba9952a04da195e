// The API page: lists every call of /openapi.json, and sends one on request. Texts go in as text, never as markup.

import { example, kind, resolve } from "/docs/schema.js";

const METHODS = ["get", "post", "put", "patch", "delete"];
const byId = (name) => document.getElementById(name);

function make(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function section(title, ...parts) {
  return [make("h3", title), ...parts];
}

async function open() {
  const answer = await fetch("/openapi.json");
  if (!answer.ok) throw new Error(`openapi.json: ${answer.status}`);
  const api = await answer.json();
  document.title = `${api.info.title} API`;
  byId("title").textContent = `${api.info.title} API, version ${api.info.version}`;
  byId("about").textContent = (api.info.description ?? "").replaceAll("`", "");
  const groups = new Map();
  for (const [path, calls] of Object.entries(api.paths)) {
    for (const method of METHODS.filter((one) => calls[one])) {
      const tag = calls[method].tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(call(api, path, method, calls[method]));
    }
  }
  byId("calls").replaceChildren(...[...groups].map(([tag, calls]) => group(tag, calls)));
  byId("find").addEventListener("input", find);
  byId("tools").addEventListener("submit", (event) => event.preventDefault());
}

function group(tag, calls) {
  const made = make("section");
  made.append(make("h2", tag), ...calls);
  return made;
}

function call(api, path, method, operation) {
  const made = make("details");
  const head = make("summary");
  head.append(make("span", method, `method ${method}`), make("span", path, "path"), make("span", operation.summary ?? "", "said"));
  made.append(head);
  made.dataset.words = [path, method, operation.summary, operation.description, ...(operation.tags ?? [])].join(" ").toLowerCase();
  made.addEventListener("toggle", () => {
    if (made.open && made.children.length === 1) made.append(inside(api, path, method, operation));
  });
  return made;
}

function inside(api, path, method, operation) {
  const made = make("div");
  made.append(make("p", operation.description ?? ""), make("p", `Credential: ${credential(operation)}.`, "quiet"));
  const parameters = operation.parameters ?? [];
  if (parameters.length) made.append(...section("Parameters", table(parameters.map((one) => named(api, one)))));
  const media = Object.entries(operation.requestBody?.content ?? {})[0];
  if (media) {
    const properties = Object.entries(resolve(api, media[1].schema).properties ?? {});
    made.append(...section(`Body (${media[0]})`));
    if (properties.length) made.append(table(properties.map(([name, one]) => [name, kind(api, one), resolve(api, one).description ?? ""])));
  }
  made.append(...section("Answers", table(Object.entries(operation.responses).map(([status, one]) => answered(api, status, one)))));
  made.append(...section("Send", form(api, path, method, operation, media)));
  return made;
}

function credential(operation) {
  const names = (operation.security ?? []).flatMap((one) => Object.keys(one));
  if (!names.length) return "none";
  return names.includes("phone_session") ? "a phone session's token" : "an operator's key";
}

function named(api, one) {
  return [`${one.name} (${one.in}${one.required ? ", needed" : ""})`, kind(api, one.schema), one.description ?? ""];
}

function answered(api, status, one) {
  const media = Object.entries(one.content ?? {})[0];
  return [status, one.description, media ? `${media[0]}: ${kind(api, media[1].schema)}` : ""];
}

function table(rows) {
  const made = make("table");
  made.append(...rows.map((row) => {
    const line = make("tr");
    line.append(...row.map((text) => make("td", text)));
    return line;
  }));
  return made;
}

function field(title, input) {
  const made = make("label", title);
  made.append(input);
  return made;
}

function form(api, path, method, operation, media) {
  const made = make("form", "", "form");
  const inputs = (operation.parameters ?? []).filter((one) => ["path", "query", "header"].includes(one.in)).map((one) => {
    const input = make("input");
    input.required = one.in === "path";
    made.append(field(`${one.name} (${one.in})`, input));
    return [one, input];
  });
  const body = media ? make("textarea") : null;
  if (body) {
    body.value = media[0].includes("json") ? JSON.stringify(example(api, media[1].schema), null, 2) : "";
    made.append(field("Body", body));
  }
  const result = make("pre");
  result.hidden = true;
  const send = make("button", "Send");
  made.append(send, result);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    result.hidden = false;
    result.textContent = "…";
    result.textContent = await sent(path, method, inputs, body?.value, media?.[0]).catch((error) => String(error));
  });
  return made;
}

async function sent(path, method, inputs, body, mediaType) {
  const headers = new Headers();
  const query = new URLSearchParams();
  let address = path;
  for (const [one, input] of inputs.filter(([, input]) => input.value)) {
    if (one.in === "path") address = address.replace(`{${one.name}}`, encodeURIComponent(input.value));
    else if (one.in === "query") query.append(one.name, input.value);
    else headers.set(one.name, input.value);
  }
  if (byId("key").value) headers.set("Authorization", `Bearer ${byId("key").value}`);
  if (body) headers.set("Content-Type", mediaType);
  const whole = query.size ? `${address}?${query}` : address;
  // A redirect of a public link would lead away from this page's origin: it is shown, not followed.
  const answer = await fetch(whole, { method: method.toUpperCase(), headers, body: body || undefined, credentials: "omit", redirect: "manual" });
  if (answer.type === "opaqueredirect") return "A redirect: open the address itself to follow it.";
  const text = (answer.headers.get("content-type") ?? "").includes("json") ? JSON.stringify(JSON.parse(await answer.text()), null, 2) : await answer.text();
  return `${answer.status}\n${text}`;
}

function find(event) {
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const group of document.querySelectorAll("#calls section")) {
    const calls = [...group.querySelectorAll("details")];
    for (const one of calls) one.hidden = !words.every((word) => one.dataset.words.includes(word));
    group.hidden = calls.every((one) => one.hidden);
  }
}

open().catch((error) => byId("calls").replaceChildren(make("p", `The document could not be read: ${error.message}`)));

// What a JSON schema of the document means in words, and an example of it. Knows nothing of the page.

const DEEPEST = 6;

export function resolve(document, schema) {
  let found = schema ?? {};
  for (let hops = 0; found.$ref && hops < DEEPEST; hops += 1) {
    found = found.$ref.slice(2).split("/").reduce((part, name) => part?.[name], document) ?? {};
  }
  return found;
}

/** A short name of what is taken: `string, up to 64 characters`. */
export function kind(document, schema) {
  const found = resolve(document, schema);
  const choices = found.anyOf ?? found.oneOf;
  if (choices) return choices.map((one) => kind(document, one)).join(" or ");
  if (found.const !== undefined) return JSON.stringify(found.const);
  if (found.enum) return found.enum.map((one) => JSON.stringify(one)).join(" or ");
  if (found.type === "array") return `list of ${kind(document, found.items)}`;
  const name = Array.isArray(found.type) ? found.type.join(" or ") : (found.type ?? "anything");
  return [found.title && found.type === "object" ? found.title : name, found.format, ...bounds(found)].filter(Boolean).join(", ");
}

function bounds(schema) {
  const said = [];
  if (schema.minimum !== undefined) said.push(`from ${schema.minimum}`);
  if (schema.maximum !== undefined) said.push(`to ${schema.maximum}`);
  if (schema.minLength) said.push(`at least ${schema.minLength} characters`);
  if (schema.maxLength !== undefined) said.push(`up to ${schema.maxLength} characters`);
  if (schema.pattern) said.push(`like ${schema.pattern}`);
  return said;
}

/** A value of that form, to start from. */
export function example(document, schema, depth = 0) {
  const found = resolve(document, schema);
  for (const given of [found.example, found.examples?.[0], found.const, found.default, found.enum?.[0]]) {
    if (given !== undefined) return given;
  }
  const choices = (found.anyOf ?? found.oneOf)?.filter((one) => one.type !== "null");
  if (choices?.length) return example(document, choices[0], depth + 1);
  if (depth > DEEPEST) return null;
  const type = Array.isArray(found.type) ? found.type[0] : found.type;
  if (type === "object" || found.properties) {
    return Object.fromEntries(Object.entries(found.properties ?? {}).map(([name, part]) => [name, example(document, part, depth + 1)]));
  }
  if (type === "array") return found.items ? [example(document, found.items, depth + 1)] : [];
  if (type === "integer" || type === "number") return found.minimum ?? 0;
  if (type === "boolean") return false;
  return found.format === "date-time" ? "2026-01-31T08:00:00Z" : "";
}

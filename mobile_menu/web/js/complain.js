// What went wrong, said to people: by the shell's own words for a code, else by the service's.

import { Problem, Unreachable } from "./api.js";
import { toast } from "./sheets.js";
import { has, t } from "./words.js";

/** Says it in a toast. What is neither the service's nor the line's is ours: it is thrown on. */
export function complain(error) {
  if (error instanceof Unreachable) toast(t(navigator.onLine ? "err.unreachable" : "err.offline"), "error");
  else if (error instanceof Problem) toast(has(`err.${error.code}`) ? t(`err.${error.code}`) : error.detail || t("err.other"), "error");
  else throw error;
}

// Calls of the API with the session's cookie. A refusal comes back as { ok: false, code, words, facts }; nothing is thrown.
import { fill, gettext } from "./say.js";

// What the API does not word for drivers, by its stable code. Every other refusal is shown as the API words it in the reader's language.
const REFUSALS = {
  no_connection: gettext("No connection. Nothing was changed."),
  throttled: gettext("Too many requests. Wait a minute and try again."),
  time_skipped: gettext("The clocks skip this time."),
  not_found: gettext("That no longer exists."),
};

export async function call(method, path, body = undefined, key = null) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRFToken"] = cookie("csrftoken");
  if (key !== null) headers["Idempotency-Key"] = key;
  let response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    return refusal("no_connection", "");
  }
  if (response.status === 401) location.reload(); // the session is over; the page asks to sign in
  const data = await response.json().catch(() => null);
  if (response.ok) return { ok: true, data };
  return refusal(data?.code ?? "", data?.detail || data?.title || "", data ?? {});
}

function refusal(code, detail, facts = {}) {
  const field = Object.values(facts.errors ?? {}).flat()[0];
  const unknown = fill(gettext("Nothing was changed. %(detail)s"), { detail });
  return { ok: false, code, facts, words: REFUSALS[code] ?? (typeof field === "string" ? field : unknown) };
}

// The same wish asked for again after a lost answer is the same request; another wish is another.
export function keys() {
  let last = { wish: null, key: null };
  return (wish) => {
    const text = JSON.stringify(wish);
    if (last.wish !== text) last = { wish: text, key: random() };
    return last.key;
  };
}

// crypto.randomUUID is only there over TLS.
function random() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function cookie(name) {
  return document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}

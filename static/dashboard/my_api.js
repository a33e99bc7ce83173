// Calls of the API with the session's cookie. A refusal comes back as { ok: false, code, words, facts }; nothing is thrown.
import { fill, gettext } from "./say.js";

// By the stable code, in the reader's language; what is not here comes as the API says it.
const REFUSALS = {
  no_connection: gettext("No connection. Nothing was changed."),
  throttled: gettext("Too many requests. Wait a minute and try again."),
  departure_in_past: gettext("That time has passed."),
  departure_too_far: gettext("At most 14 days ahead."),
  energy_not_positive: gettext("Enter more than 0 kWh."),
  more_than_time_holds: gettext("The time is too short, even at full power."),
  more_than_battery_holds: gettext("The battery does not hold that much."),
  time_skipped: gettext("The clocks skip this time."),
  vehicle_already_booked: gettext("This car already has a promise in that time. Change that one."),
  slot_taken: gettext("This space is booked or occupied then."),
  slot_refused: gettext("All of it does not fit into this time."),
  suspended: gettext("Your account is suspended. See your news."),
  emergency_open: gettext("You already have an open claim."),
  charger_offline: gettext("The charger can't be reached. Try again when it is back."),
  connector_busy: gettext("That space can't be used now."),
  nothing_to_stop: gettext("Nothing is charging there."),
  state_moved: gettext("It has changed in the meantime. Check it again."),
  illegal_move: gettext("That is no longer possible."),
  not_found: gettext("That no longer exists."),
  not_a_driver: gettext("Only a driver can do this."),
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

// What counts against the driver: what was found, with its figures, until when it counts, and the word against it.
import { call } from "./my_api.js";
import { dateOf, duration, element, kwh, percent } from "./format.js";
import { objectionForm } from "./objection.js";
import { fill, gettext } from "./say.js";

const KINDS = {
  overstay: gettext("Stayed while others waited"),
  no_show: gettext("Booked and did not come"),
  hoarding: gettext("Many bookings, little use"),
  refuted_emergency: gettext("Emergency without a drive"),
  tag_sharing: gettext("One card at two chargers"),
  energy_mismatch: gettext("Meter and car contradict"),
  tampering: gettext("Signs of tampering"),
};
// The same for every kind: which figure of the evidence is told, and how.
const FACTS = {
  done_at: [gettext("Done charging"), moment],
  free_by: [gettext("Free by"), moment],
  needed_by: [gettext("Needed by"), moment],
  left_at: [gettext("Left"), (at, clock) => (at === null ? gettext("still there") : moment(at, clock))],
  others_waited_s: [gettext("Others waited"), (seconds) => duration(seconds)],
  stayed_s: [gettext("Stayed longer"), (seconds) => duration(seconds)],
  missed: [gettext("Missed"), (times, clock) => times.map((at) => moment(at, clock)).join(", ")],
  open_slots: [gettext("Open bookings"), String],
  allowed: [gettext("Allowed"), String],
  unused_share: [gettext("Left unused"), percent],
  since: [gettext("Since"), moment],
  together_s: [gettext("At the same time"), (seconds) => duration(seconds)],
  granted_wh: [gettext("Granted"), kwh],
  metered_wh: [gettext("The meter counted"), kwh],
  expected_wh: [gettext("The car took in"), kwh],
  tolerance_wh: [gettext("Tolerance"), kwh],
  events: [gettext("The charger told"), (events, clock) => events.map((event) => `${event.kind}, ${moment(event.at, clock)}`).join("; ")],
};

export function strikes(find, context) {
  let shown = null; // whose they are

  async function load() {
    const { id } = context.driver();
    const found = await call("GET", `/drivers/strikes?driver=${id}&limit=20`);
    if (!found.ok) return;
    // Who is writing an appeal keeps what is written.
    if (shown === id && find("strikes").querySelector("details[open]")) return;
    shown = id;
    draw(found.data.results);
  }

  function draw(rows) {
    find("strikes-box").hidden = !rows.length;
    find("strikes").replaceChildren(...rows.map((strike) => line(strike, context, replace)));
  }

  function replace(strike, old) {
    old.replaceWith(line(strike, context, replace));
  }

  return { load };
}

function line(strike, context, replace) {
  const item = element("li", { "data-strike": strike.id });
  const given = fill(gettext("%(date)s: %(words)s"), { date: dateOf(strike.given_at, context.zone()), words: state(strike, context) });
  item.append(element("b", {}, KINDS[strike.kind] ?? strike.kind), element("small", {}, given), evidence(strike, context));
  if (strike.decision) item.append(element("p", { class: "decision" }, strike.decision));
  if (strike.appealed_at) item.append(element("blockquote", {}, strike.appeal));
  if (may(strike, context)) item.append(form(strike, (appealed) => replace(appealed, item)));
  return item;
}

function state(strike, context) {
  if (strike.lifted_at) return gettext("lifted, it does not count");
  const until = dateOf(strike.lapses_at, context.zone());
  if (Date.parse(strike.lapses_at) <= context.now()) return fill(gettext("counted until %(date)s"), { date: until });
  if (strike.appeal_decided_at) return fill(gettext("it stands, and counts until %(date)s"), { date: until });
  if (strike.appealed_at) return gettext("you appealed, a manager decides");
  return fill(gettext("counts until %(date)s"), { date: until });
}

function may(strike, context) {
  return !strike.appealed_at && !strike.appeal_decided_at && !strike.lifted_at && Date.parse(strike.lapses_at) > context.now();
}

function evidence(strike, context) {
  const told = Object.keys(FACTS).filter((name) => name in strike.evidence);
  return element("dl", {}, ...told.map((name) => {
    const [label, words] = FACTS[name];
    return element("div", {}, element("dt", {}, label), element("dd", {}, words(strike.evidence[name], context.clock)));
  }));
}

function form(strike, done) {
  return objectionForm({
    id: `appeal-${strike.id}`,
    title: gettext("Appeal"),
    question: gettext("What is wrong? You can explain it once; a manager reads it."),
    submit: gettext("Send the appeal"),
    url: `/drivers/strikes/${strike.id}/appeal`,
    done,
  });
}

function moment(at, clock) {
  return clock.moment(at);
}

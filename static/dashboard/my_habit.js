// What is learnt of the driver, from how many stays and bookings, and the word against it.
import { call } from "./my_api.js";
import { dateOf, duration, element, percent, plainKilo } from "./format.js";
import { objectionForm } from "./objection.js";
import { fill, gettext, ngettext } from "./say.js";

export function habit(find, context) {
  async function load() {
    const found = await call("GET", `/drivers/habits?driver=${context.driver().id}`);
    if (!found.ok || find("habit-objection").querySelector("details[open]")) return;
    draw(found.data.results[0]);
  }

  function draw(learnt) {
    find("habit-box").hidden = learnt === undefined;
    if (learnt === undefined) return;
    find("habit").replaceChildren(...sentences(learnt).map((words) => element("li", {}, words)), from(learnt, context));
    find("habit-objection").replaceChildren(...objection(learnt, draw));
  }

  return { load };
}

function sentences(learnt) {
  const silent = { kwh: plainKilo(learnt.silent_wh), time: learnt.usual_stay_s === null ? "" : duration(learnt.usual_stay_s) };
  return [
    learnt.takes_share < 1
      ? fill(gettext("Your car took %(share)s of the energy you asked for, so that share of a wish counts."), { share: percent(learnt.takes_share) })
      : gettext("Your wishes count in full."),
    learnt.overrun_s >= 60
      ? fill(gettext("You usually leave %(time)s later than you say, and the plan expects that. Promised energy is still due at the time you say."), { time: duration(learnt.overrun_s) })
      : gettext("The plan uses your departure times as you give them."),
    learnt.usual_stay_s === null
      ? fill(gettext("Without a wish, a stay counts as %(kwh)s kWh."), silent)
      : fill(gettext("Without a wish, a stay counts as %(kwh)s kWh within %(time)s."), silent),
    learnt.comes_share < 1
      ? fill(gettext("Your car missed some of your bookings, so a booking keeps %(share)s of its room until the car comes."), { share: percent(learnt.comes_share) })
      : gettext("Your bookings count in full."),
  ];
}

function from(learnt, context) {
  const stays = fill(ngettext("From %(count)s stay", "From %(count)s stays", learnt.stays.length), { count: learnt.stays.length });
  const rows = [...learnt.stays].reverse().map((stay) => element(
    "div",
    {},
    element("dt", {}, dateOf(stay.at, context.zone())),
    element("dd", {}, stay.asked_wh === null
      ? fill(gettext("%(got)s kWh, nothing asked"), { got: plainKilo(stay.received_wh) })
      : fill(gettext("%(got)s of %(asked)s kWh"), { got: plainKilo(stay.received_wh), asked: plainKilo(stay.asked_wh) })),
  ));
  return element("li", {}, element("details", { class: "more" }, element("summary", {}, stays), element("dl", {}, ...rows)));
}

function objection(learnt, draw) {
  const parts = [];
  if (learnt.objection) parts.push(element("blockquote", {}, learnt.objection));
  if (learnt.decision) parts.push(element("p", { class: "hint" }, learnt.decision));
  const waits = learnt.objected_at !== null && learnt.decided_at === null;
  parts.push(waits ? element("p", { class: "hint" }, gettext("You objected, a manager decides.")) : form(learnt, draw));
  return parts;
}

function form(learnt, draw) {
  return objectionForm({
    id: "objection",
    title: gettext("This is wrong"),
    question: gettext("What is wrong? A manager reads this and may have it deleted."),
    submit: gettext("Send the objection"),
    url: `/drivers/habits/${learnt.id}/object`,
    done: draw,
  });
}

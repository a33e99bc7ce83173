// Promises: what was answered, in a sentence, and the slots to come.
import { call } from "./my_api.js";
import { element, kilo } from "./format.js";
import { drawCourse } from "./my_course.js";
import { fill, gettext } from "./say.js";

export const SLOT_STATES = {
  promised: gettext("promised"),
  partly_promised: gettext("promised in part"),
  queued: gettext("in the queue"),
  active: gettext("charging"),
  refused: gettext("refused"),
};

// { head, words } for a slot or for the answer to a preview: both have the same fields.
export function answer(found, clock) {
  const amounts = { promised: kilo(found.promised_wh), energy: kilo(found.energy_wh), time: clock.moment(found.ready_by) };
  if (found.expected_wh != null) {
    return {
      head: fill(gettext("About %(expected)s of the promised %(promised)s kWh by %(time)s"), { ...amounts, expected: kilo(found.expected_wh) }),
      words: gettext("There is less room than expected. This much of the promise remains."),
    };
  }
  if (found.state === "partly_promised") {
    return {
      head: fill(gettext("%(promised)s of %(energy)s kWh by %(time)s"), amounts),
      words: found.why ? `${found.why}.` : gettext("That much is promised. The rest comes if room is left."),
    };
  }
  if (found.state === "queued") {
    const start = found.offer?.expected_start;
    return {
      head: fill(gettext("%(energy)s kWh by %(time)s: in the queue"), amounts),
      words: start
        ? fill(gettext("Earlier promises leave no room. Power from about %(time)s."), { time: clock.moment(start) })
        : gettext("Earlier promises leave no room. You get the power that others leave."),
    };
  }
  return {
    head: fill(gettext("%(energy)s kWh by %(time)s"), amounts),
    // With a reason only a part of the wish counts, and that is promised.
    words: found.why ? `${gettext("Promised: the plan keeps room for it.")} ${found.why}.` : gettext("Promised: the plan keeps room for it."),
  };
}

export function drawSlots(box, slots, context) {
  const known = new Map([...box.children].map((card) => [card.dataset.id, card]));
  const cards = slots.map((slot) => {
    const key = JSON.stringify([slot, context.plans.get(slot.id), context.spaceName(slot.connector_id)]);
    const card = known.get(slot.id);
    return card?.dataset.key === key ? card : draw(slot, key, context);
  });
  if (cards.length !== box.children.length || cards.some((card, index) => card !== box.children[index])) {
    box.replaceChildren(...cards);
  }
}

function draw(slot, key, context) {
  const { head, words } = answer(slot, context.clock);
  const space = context.spaceName(slot.connector_id ?? slot.planned_connector_id);
  const where = slot.connector_id ? fill(gettext("At %(space)s."), { space }) : gettext("At any space.");
  const said = element("p", { class: "said bad", role: "alert" });
  const buttons = element("div", { class: "buttons" });
  const later = slot.state !== "promised" ? slot.offer?.ready_by : null;
  if (later && Date.parse(later) > Date.now()) {
    const words = fill(gettext("Rather all of it by %(time)s"), { time: context.clock.moment(later) });
    buttons.append(button("primary", words, (event) => move(event, said, `${slot.id}/extend`, { ready_by: later }, context)));
  }
  buttons.append(
    button("quiet", gettext("Change"), () => context.plan({ slot })),
    button("quiet", gettext("An hour later"), (event) => move(event, said, `${slot.id}/snooze`, { minutes: 60 }, context)),
    button("quiet", gettext("Cancel"), (event) => move(event, said, `${slot.id}/cancel`, {}, context)),
  );
  const course = element("div", { hidden: true });
  drawCourse(course, context.plans.get(slot.id), context, slot.ready_by);
  return element(
    "article",
    { class: "panel slot", "data-id": slot.id, "data-key": key, "data-slot": slot.state },
    element("div", { class: "car-head" }, element("h2", {}, head), element("span", { class: "state", "data-state": pill(slot) }, SLOT_STATES[slot.state])),
    element("p", {}, slot.connector_id && !space ? words : `${words} ${where}`),
    course,
    buttons,
    said,
  );
}

const pill = (slot) => (slot.state === "promised" ? "charging" : "waiting");

async function move(event, said, path, body, context) {
  const pressed = event.currentTarget;
  pressed.disabled = true;
  const done = await call("POST", `/drivers/slot/${path}`, body);
  pressed.disabled = false;
  said.textContent = done.ok ? "" : done.words;
  if (done.ok) context.refresh();
}

export function button(kind, words, press) {
  const made = element("button", { type: "button", class: kind }, words);
  made.addEventListener("click", press);
  return made;
}

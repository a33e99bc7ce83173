// The cars that are plugged in: one card each, updated in place so that a form in it stays open.
import { boost } from "./my_boost.js";
import { amps, duration, element, kilo, money } from "./format.js";
import { call } from "./my_api.js";
import { drawCourse } from "./my_course.js";
import { button } from "./my_slots.js";
import { fill, gettext, ngettext, stateWord } from "./say.js";

const ANSWER_WITHIN_MS = 40000;
const ASK_EVERY_MS = 1500;

export function drawCars(box, rows, context) {
  const known = new Map([...box.children].map((card) => [card.dataset.id, card]));
  const cards = rows.map((row) => known.get(row.session_id) ?? build(row.session_id));
  const wanted = rows.length ? cards : [known.get("none") ?? empty(context)];
  if (wanted.length !== box.children.length || wanted.some((card, index) => card !== box.children[index])) {
    box.replaceChildren(...wanted);
  }
  rows.forEach((row, index) => update(cards[index], row, context));
  if (!rows.length) updateEmpty(wanted[0], context);
}

function build(id) {
  const part = (name, made) => {
    made.dataset.part = name;
    return made;
  };
  const card = element(
    "article",
    { class: "panel car", "data-id": id },
    element("div", { class: "car-head" }, part("name", element("h2")), part("state", element("span", { class: "state" }))),
    element("p", { class: "power" }, part("power", element("b")), part("limit", limitButton())),
    part("meter", element("div", { class: "meter", role: "img" }, element("i"))),
    part("amounts", element("p", { class: "meter-words" })),
    part("reason", element("div", { class: "reason" })),
    part("course", element("div", { hidden: true })),
    part("facts", element("dl", { class: "facts" })),
    part("buttons", element("div", { class: "buttons" })),
    part("said", element("p", { class: "said", role: "status" })),
    part("boost", element("div")),
  );
  return card;
}

function update(card, row, context) {
  const part = (name) => card.querySelector(`[data-part="${name}"]`);
  const cost = context.costs.get(row.session_id);
  fillIn(part("name"), [row.vehicle ?? onlyCar(context) ?? gettext("Car")], element("small", {}, row.space));
  const state = part("state");
  state.dataset.state = row.state;
  fillIn(state, [stateWord(row.state)]);
  fillIn(part("power"), [row.power_w ? kilo(row.power_w) : "0"], element("span", {}, "kW"));
  limit(part("limit"), row, context);
  meter(part("meter"), part("amounts"), row, context);
  const reason = part("reason");
  reason.dataset.state = row.state;
  fillIn(reason, [row.why], next(row, context));
  facts(part("facts"), row, cost, context);
  buttons(part("buttons"), part("said"), row, context);
  course(part("course"), row, context);
  const box = part("boost");
  if (row.active && !box.children.length) box.append(boost(row, context));
  box.hidden = !row.active;
}

// In the driver's usual unit; who presses it reads the other one, and back.
function limitButton() {
  const made = element("button", { type: "button", class: "plain", "aria-pressed": "false", title: gettext("Show amperes") });
  made.addEventListener("click", () => {
    made.setAttribute("aria-pressed", String(made.getAttribute("aria-pressed") === "false"));
    made.dataset.pressed = "";
    made.textContent = limitWords(made);
  });
  return made;
}

const limitWords = ({ dataset, ariaPressed }) => (ariaPressed === "true" ? dataset.amps : dataset.kilowatts);

function limit(made, row, context) {
  made.hidden = !row.active;
  if (!("pressed" in made.dataset)) made.setAttribute("aria-pressed", String(context.driver().shows_amps));
  made.dataset.amps = fill(gettext("of up to %(amps)s A"), { amps: amps(row.limit_ma) });
  made.dataset.kilowatts = fill(gettext("of up to %(power)s kW"), { power: kilo(row.limit_w) });
  if (made.textContent !== limitWords(made)) made.textContent = limitWords(made);
}

function course(box, row, context) {
  const plan = row.active ? context.plans.get(row.session_id) : null;
  const key = JSON.stringify([plan, row.ready_by, Math.floor(context.now() / 900000)]);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  drawCourse(box, plan, context, row.ready_by);
}

// Who has one car only has come with it, whatever the card could tell.
function onlyCar(context) {
  return context.vehicles().length === 1 ? context.vehicles()[0].name : null;
}

// Drawn anew only when the words differ: nothing flickers, and nothing is read out twice.
function fillIn(box, words, extra = null) {
  const key = words.join("") + (extra?.textContent ?? "");
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(...words, ...(extra ? [extra] : []));
}

function next(row, context) {
  if (!row.next_change_at || Date.parse(row.next_change_at) < context.now()) return null;
  return element("small", {}, fill(gettext("Next change about %(time)s."), { time: context.clock.moment(row.next_change_at) }));
}

function meter(bar, words, row, context) {
  const wanted = row.asked_wh ?? row.wanted_wh;
  bar.hidden = !wanted;
  const amounts = { had: row.energy_wh ? kilo(row.energy_wh) : "0", wanted: wanted ? kilo(wanted) : "" };
  const text = wanted ? fill(gettext("%(had)s of %(wanted)s kWh"), amounts) : fill(gettext("%(had)s kWh so far"), amounts);
  bar.setAttribute("aria-label", text);
  if (wanted) bar.firstElementChild.style.width = `${Math.min(100, (100 * row.energy_wh) / wanted)}%`;
  const by = row.ready_by ? fill(gettext("by %(time)s"), { time: context.clock.moment(row.ready_by) }) : "";
  const key = text + by;
  if (words.dataset.key === key) return;
  words.dataset.key = key;
  words.replaceChildren(element("b", {}, text), element("span", {}, by));
}

function facts(list, row, cost, context) {
  const done = (row.asked_wh ?? row.wanted_wh ?? Infinity) <= row.energy_wh;
  const open = row.finish_at ? context.clock.moment(row.finish_at) : "–";
  const finish = done ? gettext("done") : open;
  const late = row.ready_by && row.finish_at && !done && Date.parse(row.finish_at) > Date.parse(row.ready_by);
  const plugged = (context.now() - Date.parse(row.plugged_at)) / 1000;
  const third = row.charge_pct === null ? [duration(plugged), gettext("plugged in")] : [`${row.charge_pct} %`, gettext("in the battery")];
  const shown = [
    [cost?.cost_minor === null || !cost ? "–" : money(cost.cost_minor, cost.currency, 2), gettext("cost so far"), ""],
    [finish, late ? gettext("ready at this power: late") : gettext("ready at this power"), late ? "bad" : ""],
    [...third, ""],
  ];
  const key = JSON.stringify(shown);
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  list.replaceChildren(
    ...shown.map(([figure, words, kind]) => element("div", { class: kind }, element("dt", {}, words), element("dd", {}, figure))),
  );
}

function buttons(box, said, row, context) {
  const key = JSON.stringify([row.active, row.slot_id, row.connector_id]);
  box.losing = row;
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  const wish = row.slot_id ? gettext("Change the wish") : gettext("Enter when you need it");
  const about = row.active
    ? button("quiet", gettext("Stop"), (event) => stop(event.currentTarget, said, box, context))
    : button("quiet", gettext("Start"), (event) => ask(event.currentTarget, said, row.connector_id, "start"));
  box.replaceChildren(...(row.active ? [button("primary", wish, () => context.plan({ session: row }))] : []), about);
}

// Who would lose something reads it first.
function stop(pressed, said, box, context) {
  const row = box.losing;
  const lost = lostWh(row);
  if (!lost) return ask(pressed, said, row.connector_id, "stop");
  const words = fill(gettext("%(energy)s kWh of the promise by %(time)s are not in the car yet. Stopping gives them up, unless you start again before the car leaves."), {
    energy: kilo(lost),
    time: context.clock.moment(row.ready_by),
  });
  const stopNow = button("danger", gettext("Stop anyway"), (event) => ask(event.currentTarget, said, row.connector_id, "stop"));
  said.className = "said";
  said.replaceChildren(
    element("span", {}, words),
    element(
      "span",
      { class: "buttons" },
      button("quiet", gettext("Keep charging"), () => said.replaceChildren()),
      stopNow,
      button("quiet", gettext("I leave now: give the rest to others"), (event) => leave(event.currentTarget, said, row, context)),
    ),
  );
  return undefined;
}

// What was promised and is not in the car: with a margin for rounding.
export function lostWh({ promised_wh: promisedWh, energy_wh: energyWh }) {
  const missing = Math.max(0, (promisedWh ?? 0) - energyWh);
  return missing >= 100 ? missing : 0;
}

async function leave(pressed, said, row, context) {
  pressed.disabled = true;
  const done = await call("POST", `/drivers/slot/${row.slot_id}/leave`);
  said.className = done.ok ? "said" : "said bad";
  said.textContent = done.ok ? gettext("Others have the rest now. Drive safely.") : done.words;
  if (done.ok) context.refresh();
}

// Start or stop from afar: the charger is asked, and what it answers is told.
async function ask(pressed, said, connectorId, what) {
  pressed.disabled = true;
  const tell = (words, bad = false) => {
    said.className = bad ? "said bad" : "said";
    said.textContent = words;
  };
  tell(gettext("Asking the charger …"));
  const asked = await call("POST", `/chargers/connectors/${connectorId}/${what}`);
  if (!asked.ok) tell(asked.words, true);
  else tell(...(await outcome(asked.data)));
  pressed.disabled = false;
}

async function outcome(command) {
  const until = Date.now() + ANSWER_WITHIN_MS;
  let { state } = command;
  while (["queued", "sent"].includes(state) && Date.now() < until) {
    await new Promise((resolve) => { setTimeout(resolve, ASK_EVERY_MS); });
    const answer = await call("GET", `/chargers/commands/${command.id}`);
    if (answer.ok) state = answer.data.state;
  }
  if (state === "accepted") return [gettext("The charger says yes.")];
  if (["queued", "sent"].includes(state)) return [gettext("The charger has not answered yet.")];
  return [gettext("The charger says no. Try at the charger itself."), true];
}

function empty(context) {
  const select = element("select", { id: "start-space" });
  const said = element("p", { class: "said", role: "status" });
  const start = button("primary", gettext("Start"), (event) => ask(event.currentTarget, said, select.value, "start"));
  const chooser = element(
    "div",
    { "data-part": "chooser" },
    element("label", { for: "start-space", class: "hint" }, gettext("Plugged in already? Start here:")),
    element("div", { class: "row" }, select, start),
  );
  return element(
    "article",
    { class: "panel car", "data-id": "none" },
    element("div", { class: "car-head" }, element("h2", {}, gettext("No car of yours is plugged in")), element("span")),
    element("p", { class: "empty-words", "data-part": "free" }),
    chooser,
    element("div", { class: "buttons" }, button("primary", gettext("Plan a charge"), () => context.plan({}))),
    said,
  );
}

function updateEmpty(card, context) {
  const waiting = context.spaces().filter((space) => space.online && space.status === "Preparing");
  const free = context.spaces().filter((space) => space.online && space.status === "Available").length;
  const words = free
    ? fill(ngettext("%(count)s space is free. Plug in and show your card.", "%(count)s spaces are free. Plug in and show your card.", free), { count: free })
    : gettext("Plug in and show your card.");
  fillIn(card.querySelector('[data-part="free"]'), [words]);
  const chooser = card.querySelector('[data-part="chooser"]');
  chooser.hidden = !waiting.length;
  card.querySelector(".buttons button").className = waiting.length ? "quiet" : "primary";
  const select = chooser.querySelector("select");
  const key = JSON.stringify(waiting);
  if (select.dataset.key === key) return;
  const chosen = select.value;
  select.dataset.key = key;
  select.replaceChildren(...waiting.map((space) => element("option", { value: space.id }, space.name)));
  if (waiting.some((space) => space.id === chosen)) select.value = chosen;
}

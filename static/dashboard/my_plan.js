// Ready by when, and how much: the answer is shown before anything is asked for, and again when it was given.
import { call, keys } from "./my_api.js";
import { drawCourse } from "./my_course.js";
import { answer, button } from "./my_slots.js";
import { element, kilo, money } from "./format.js";
import { MORNING, daysFrom, local, morning, timeOf } from "./mornings.js";
import { LANGUAGE, fill, gettext } from "./say.js";

const ASK_AFTER_MS = 350;
const DAYS = 8;
const USUAL_KWH = 20;
const MOST_KWH = 80;
const REACHES_BATTERY = 0.9; // of what the meter counts; as the server reckons

export function planner(form, context) {
  const find = (name) => form.querySelector(`[data-${name}]`);
  const field = form.elements;
  const key = keys();
  let about = {}; // { slot } to change, { session } to say more of, or neither
  let unit = "kwh";
  let asked = 0;
  let timer = 0;

  const vehicle = () => context.vehicles().find((car) => car.id === field.vehicle.value);
  const usualWh = () => context.driver().usual_wh ?? USUAL_KWH * 1000;
  const hadWh = () => about.session?.energy_wh ?? 0;
  const cluster = () => about.slot?.cluster_id ?? field.cluster.value;

  function open(what = {}) {
    about = what;
    const { slot, session } = what;
    const slotOfSession = session?.slot_id ? session : null;
    find("wish-title").textContent = slot || slotOfSession ? gettext("Change the wish") : gettext("Plan a charge");
    find("amount-label").textContent = session ? gettext("How much in this stay") : gettext("How much");
    options(field.cluster, context.clusters().map((row) => [row.id, row.name]), cluster() || context.clusters()[0]?.id);
    find("cluster-field").hidden = context.clusters().length < 2 || Boolean(slot || session);
    const cars = context.vehicles();
    options(field.vehicle, cars.map((car) => [car.id, car.name]), (slot ?? session)?.vehicle_id ?? cars[0]?.id);
    find("vehicle-field").hidden = cars.length < 2 || Boolean(session?.vehicle_id);
    spaces(slot?.connector_id ?? "");
    form.querySelector("details").hidden = Boolean(session);
    find("another").hidden = !slot && !session;
    field.flexible.checked = slot?.flexible ?? true;
    moment(slot?.ready_by ?? session?.ready_by);
    charge();
    setUnit("kwh", (slot?.energy_wh ?? session?.asked_wh ?? Math.max(hadWh() + 5000, usualWh())) / 1000);
    preview();
  }

  function spaces(chosen) {
    const known = context.spaces().filter((space) => space.cluster_id === cluster());
    options(field.space, [["", gettext("Any space")], ...known.map((space) => [space.id, space.name])], chosen);
  }

  // The next days, and the next usual time (seven in the morning, unless chosen) by which a usual wish fits.
  function moment(readyBy) {
    const zone = context.zone();
    const now = context.now();
    const days = daysFrom(local(now, zone).date, DAYS);
    const wanted = readyBy ? local(Date.parse(readyBy), zone) : null;
    const by = timeOf(context.driver().usual_ready_min) || MORNING;
    options(field.day, days.map((date, index) => [date, dayWord(date, index)]), wanted?.date ?? morning(now, zone, by));
    field.time.value = wanted?.time ?? by;
  }

  function charge() {
    const known = about.session?.charge_pct ?? vehicle()?.charge_pct;
    if (known !== null && known !== undefined) field.charge.value = known;
  }

  function setUnit(to, kwh = null) {
    unit = to;
    form.querySelectorAll("[data-unit]").forEach((pressed) => {
      pressed.setAttribute("aria-pressed", String(pressed.dataset.unit === to));
      pressed.disabled = pressed.dataset.unit === "pct" && !vehicle()?.battery_wh;
    });
    const battery = vehicle()?.battery_wh;
    if (to === "kwh") {
      field.amount.step = 1;
      field.amount.min = 1 + Math.floor(hadWh() / 1000);
      field.amount.max = Math.max(Number(field.amount.min) + 1, Math.round((battery ?? MOST_KWH * 1000) / 1000));
      if (kwh !== null) field.amount.value = Math.round(kwh);
    } else {
      field.amount.step = 5;
      field.amount.min = 10;
      field.amount.max = 100;
      field.amount.value = 80;
    }
    find("charge-field").hidden = to === "kwh";
    draw();
  }

  function energyWh() {
    if (unit === "kwh") return Number(field.amount.value) * 1000;
    const missing = Math.max(0, Number(field.amount.value) - Number(field.charge.value));
    return Math.round((vehicle().battery_wh * missing) / 100 / REACHES_BATTERY) + hadWh();
  }

  function draw() {
    find("amount").replaceChildren(field.amount.value, " ", element("small", {}, unit === "kwh" ? "kWh" : "%"));
    find("charge").textContent = `${field.charge.value} %`;
    const had = hadWh() ? fill(gettext("%(had)s kWh of it are in the car."), { had: kilo(hadWh()) }) : "";
    const energy = unit === "pct" ? fill(gettext("About %(energy)s kWh, with what charging loses."), { energy: kilo(energyWh()) }) : "";
    find("amount-hint").textContent = `${energy} ${had}`.trim();
  }

  function wish(changes = {}) {
    const body = {
      energy_wh: energyWh(),
      ready_by: `${field.day.value}T${field.time.value}`,
      time_zone: context.zone(),
      flexible: field.flexible.checked,
      vehicle_id: field.vehicle.value || null,
      connector_id: field.space.value || null,
      ...changes,
    };
    if (!about.slot && !about.session?.slot_id) body.cluster_id = cluster();
    return body;
  }

  const slotId = () => about.slot?.id ?? about.session?.slot_id ?? null;

  function preview() {
    draw();
    clearTimeout(timer);
    find("answer").classList.add("asking");
    timer = setTimeout(ask, ASK_AFTER_MS);
  }

  async function ask() {
    asked += 1;
    const mine = asked;
    const body = wish();
    if (!body.energy_wh) return show("refused", gettext("Nothing to do"), gettext("The battery already holds that."), []);
    if (!field.time.value) return show("refused", gettext("When?"), gettext("Enter the time by which you need it."), []);
    const found = await call("POST", "/drivers/slot/preview", { ...body, instead_of: slotId() });
    if (mine !== asked) return undefined; // a newer question is on its way
    if (!found.ok) return refused(found, body);
    offer(found.data, body);
    const plan = await call("POST", "/drivers/slot/plan", { ...body, instead_of: slotId() });
    // No power at all for what is promised: chargers are still being got to know, and the promise is the better word.
    const isTold = plan.ok && (plan.data.stretches.length > 0 || found.data.state === "queued");
    if (mine === asked) drawCourse(find("course"), isTold ? plan.data : null, context, found.data.ready_by);
    return undefined;
  }

  function offer(found, body) {
    const { head, words } = answer(found, context.clock);
    const choices = [];
    if (found.state === "promised") choices.push([slotId() ? gettext("Change it") : gettext("Book it"), {}]);
    if (found.state === "partly_promised") choices.push([fill(gettext("Take %(energy)s kWh"), { energy: kilo(found.promised_wh) }), {}]);
    if (found.state === "queued") choices.push([gettext("Queue up"), {}]);
    choices.push(...found.alternatives.map((other) => instead(other, found)));
    show(found.state, head, `${words} ${price(found)}`.trim(), choices, body);
  }

  // Another wish that would be promised, one tap away.
  function instead(other, found) {
    const words = { energy: kilo(other.energy_wh), time: context.clock.moment(other.ready_by) };
    const sooner = Date.parse(other.ready_by) < Date.parse(found.ready_by);
    if (other.energy_wh > found.energy_wh) return [fill(gettext("Up to %(energy)s kWh by %(time)s"), words), other];
    if (other.energy_wh < found.energy_wh) return [fill(gettext("At most %(energy)s kWh by %(time)s"), words), other];
    return [fill(sooner ? gettext("All of it by %(time)s already") : gettext("All of it by %(time)s"), words), other];
  }

  function price(found) {
    const amount = (minor) => money(minor, found.currency, 2);
    const words = [cost(found, amount)];
    if (found.reservation_fee_minor) words.push(fill(gettext("Keeping the space costs %(fee)s."), { fee: amount(found.reservation_fee_minor) }));
    if (found.no_show_fee_minor) words.push(fill(gettext("If you don't come and don't cancel: %(fee)s."), { fee: amount(found.no_show_fee_minor) }));
    return words.filter(Boolean).join(" ");
  }

  function cost(found, amount) {
    if (found.cost_minor_least === null) return "";
    const bounds = { least: amount(found.cost_minor_least), most: amount(found.cost_minor_most) };
    return bounds.least === bounds.most
      ? fill(gettext("Costs %(least)s."), bounds)
      : fill(gettext("Costs %(least)s to %(most)s, by the hours it gets."), bounds);
  }

  // What would fit instead is one tap away.
  function refused(found, body) {
    const near = found.facts.offer ?? {};
    const choices = [];
    if (near.connector) choices.push([fill(gettext("Take %(space)s instead"), { space: context.spaceName(near.connector_id) || near.connector }), { connector_id: near.connector_id }]);
    if (near.energy_wh >= 1000) choices.push([fill(gettext("Take %(energy)s kWh"), { energy: kilo(near.energy_wh) }), { energy_wh: Math.floor(near.energy_wh / 100) * 100 }]);
    if (near.ready_by) choices.push([fill(gettext("All of it by %(time)s"), { time: context.clock.moment(near.ready_by) }), { ready_by: near.ready_by }]);
    find("course").hidden = true;
    show("refused", gettext("Not like that"), found.words, choices, body);
  }

  function show(state, head, words, choices, body) {
    const box = find("answer");
    box.classList.remove("asking");
    box.dataset.answer = state;
    box.replaceChildren(element("b", {}, head), element("span", {}, words));
    find("wish-buttons").replaceChildren(
      ...choices.map(([label, changes], index) => button(index ? "quiet" : "primary", label, (event) => book(event, { ...body, ...changes }))),
    );
  }

  async function book(event, body) {
    const pressed = event.currentTarget;
    pressed.disabled = true;
    const id = slotId();
    const done = id
      ? await call("POST", `/drivers/slot/${id}/change`, body)
      : await call("POST", "/drivers/slot/request", body, key(body));
    pressed.disabled = false;
    if (!done.ok) return refused(done, body);
    return context.booked(done.data);
  }

  find("another").addEventListener("click", () => open({}));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    if (event.target === field.cluster) spaces("");
    if (event.target === field.vehicle) {
      charge();
      setUnit(unit, Number(field.amount.value));
    }
    preview();
  });
  form.querySelectorAll("[data-unit]").forEach((pressed) => pressed.addEventListener("click", () => {
    setUnit(pressed.dataset.unit, (usualWh() + hadWh()) / 1000);
    preview();
  }));
  return { open };
}

function options(select, rows, chosen) {
  select.replaceChildren(...rows.map(([value, words]) => element("option", { value }, words)));
  if (chosen !== undefined && chosen !== null) select.value = chosen;
}

function dayWord(date, index) {
  if (index === 0) return gettext("today");
  if (index === 1) return gettext("tomorrow");
  return new Intl.DateTimeFormat(LANGUAGE, { weekday: "long", day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(`${date}T12:00Z`));
}

// Boost: an emergency, with its reason, its policy and its price; and what was decided on the last ones.
import { call, keys } from "./my_api.js";
import { element, kilo, money } from "./format.js";
import { button } from "./my_slots.js";
import { fill, gettext, ngettext } from "./say.js";

const REASONS = [gettext("Doctor"), gettext("Work"), gettext("Family")];
const HOURS = [1, 2, 3, 6];
const STATES = {
  pending: gettext("A manager decides."),
  accepted: gettext("Accepted: your car is served first."),
  refused: gettext("Refused."),
  revoked: gettext("Taken back."),
  done: gettext("Done."),
};

export function boost(row, context) {
  const box = element("details", { class: "boost" }, element("summary", {}, gettext("I need it sooner")));
  let drawn = false;
  box.addEventListener("toggle", () => {
    if (!box.open || drawn) return;
    drawn = true;
    draw(box, row, context);
  });
  return box;
}

async function draw(box, row, context) {
  const content = element("div");
  box.append(content);
  const [terms, claims] = await Promise.all([
    call("GET", "/drivers/emergency/terms"),
    call("GET", `/drivers/emergency?driver=${context.driver().id}&limit=5`),
  ]);
  if (!terms.ok || !claims.ok) {
    content.replaceChildren(element("p", { class: "said bad" }, (terms.ok ? claims : terms).words));
    return;
  }
  const own = terms.data.find((found) => found.community_id === context.driver().community_id);
  const redraw = () => {
    content.remove();
    draw(box, row, context);
  };
  const open = claims.data.results.find((claim) => ["pending", "accepted"].includes(claim.state));
  content.append(open ? standing(open, context, redraw) : form(own, row, context, redraw));
}

function standing(claim, context, redraw) {
  const said = element("p", { class: "said bad", role: "alert" });
  const takeBack = button("quiet", gettext("Take it back"), async () => {
    const done = await call("POST", `/drivers/emergency/${claim.id}/revoke`, { reason: "" });
    if (done.ok) redraw();
    else said.textContent = done.words;
  });
  return element("div", {}, decision(claim, context), element("div", { class: "buttons" }, takeBack), said);
}

function decision(claim, context) {
  const kind = { accepted: "promised", pending: "queued" }[claim.state] ?? "refused";
  const bounds = claim.state === "accepted"
    ? fill(gettext("%(energy)s kWh, until %(time)s at the latest."), { energy: kilo(claim.granted_wh), time: context.clock.moment(claim.until) })
    : "";
  const reasons = claim.reasons.join(" ");
  return element(
    "div",
    { class: "answer", role: "status", "data-answer": kind },
    element("b", {}, STATES[claim.state]),
    element("span", {}, `${bounds} ${reasons}`.trim()),
  );
}

function form(terms, row, context, redraw) {
  const key = keys();
  const reason = element("input", { type: "text", id: "boost-reason", maxlength: 300, autocomplete: "off" });
  const energy = element("input", { type: "range", id: "boost-energy", min: 2, max: 30, step: 1, value: 8 });
  const amount = element("output", { class: "big", for: "boost-energy" });
  const distance = element("input", { type: "number", id: "boost-km", min: 1, max: 2000, inputmode: "numeric", placeholder: gettext("optional") });
  const price = element("p", { class: "policy" });
  const answer = element("div");
  let hours = HOURS[1];
  const times = chips(HOURS.map((count) => [count, fill(gettext("in %(count)s h"), { count })]), hours, (count) => { hours = count; });
  const reasons = chips(REASONS.map((words) => [words, words]), null, (words) => { reason.value = words; });
  const redo = () => {
    amount.replaceChildren(energy.value, " ", element("small", {}, "kWh"));
    fillPolicy(price, terms, Number(energy.value));
  };
  energy.addEventListener("input", redo);
  redo();
  const ask = button("primary", gettext("Ask for it"), async (event) => {
    const pressed = event.currentTarget;
    if (!reason.value.trim()) {
      reason.focus();
      answer.replaceChildren(element("p", { class: "said bad", role: "alert" }, gettext("Give a reason: others wait for you.")));
      return;
    }
    pressed.disabled = true;
    // To the minute, so that a repeated press within it is the same request.
    const needed = new Date(Math.floor(context.now() / 60000) * 60000 + hours * 3600000).toISOString();
    const wish = { reason: reason.value.trim(), energy_wh: Number(energy.value) * 1000, needed_by: needed };
    if (distance.value) wish.distance_km = Number(distance.value);
    if (row.vehicle_id) wish.vehicle_id = row.vehicle_id;
    else wish.community_id = context.driver().community_id;
    const done = await call("POST", "/drivers/emergency/request", wish, key(wish));
    pressed.disabled = false;
    if (!done.ok) answer.replaceChildren(element("p", { class: "said bad", role: "alert" }, done.words));
    else if (done.data.state === "refused") answer.replaceChildren(decision(done.data, context));
    else redraw();
  });
  return element(
    "div",
    {},
    price,
    field("boost-reason", gettext("Why"), reason, reasons),
    field("boost-energy", gettext("How much"), amount, energy),
    element("div", { class: "field" }, element("label", {}, gettext("By when")), times),
    field("boost-km", gettext("How far, in km (proves the need)"), distance),
    answer,
    element("div", { class: "buttons" }, ask),
  );
}

function fillPolicy(box, terms, energyKwh) {
  const left = Math.max(0, terms.per_month - terms.used_this_month);
  const who = terms.needs_manager ? gettext("A manager confirms it.") : gettext("Decided at once by the house's rule.");
  const quota = fill(ngettext("%(left)s of %(all)s left this month.", "%(left)s of %(all)s left this month.", left), { left, all: terms.per_month });
  const parts = [element("b", {}, quota), " ", who, " ", gettext("The others get less in the meantime and can read why."), " "];
  if (terms.surcharge_per_mwh_minor) {
    const each = money(terms.surcharge_per_mwh_minor / 1000, terms.currency);
    const all = money((terms.surcharge_per_mwh_minor / 1000) * energyKwh, terms.currency, 2);
    parts.push(element("b", {}, fill(gettext("%(each)s a kWh more than usual: %(all)s."), { each, all })));
  }
  box.replaceChildren(...parts);
}

function chips(choices, chosen, choose) {
  const box = element("div", { class: "chips" });
  for (const [value, words] of choices) {
    const chip = button("", words, () => {
      choose(value);
      [...box.children].forEach((other) => other.setAttribute("aria-pressed", String(other === chip)));
    });
    chip.setAttribute("aria-pressed", String(value === chosen));
    box.append(chip);
  }
  return box;
}

function field(id, label, ...controls) {
  return element("div", { class: "field" }, element("label", { for: id }, label), ...controls);
}

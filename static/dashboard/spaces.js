// One row a space. Roles are written out: as cards on a narrow screen the table would lose its meaning.
import { amps, clock, element, kilo } from "./format.js";
import { LANGUAGE, gettext, stateWord } from "./say.js";

const HAS_NO_CAR = new Set(["available", "reserved", "offline", "planned", "faulted", "unmanaged"]);
const FILTERS = {
  all: () => true,
  busy: (row) => !HAS_NO_CAR.has(row.state) || row.energy_wh !== null,
  act: (row) => row.needs_a_person,
};

const NEVER = "9999";
const ORDERS = {
  space: () => 0,
  state: (one, other) => stateWord(one.state).localeCompare(stateWord(other.state), LANGUAGE),
  power: (one, other) => (other.power_w ?? -1) - (one.power_w ?? -1),
  ready: (one, other) => (one.ready_by ?? NEVER).localeCompare(other.ready_by ?? NEVER),
};

// `order` is a key of ORDERS; rows that are alike stay in the order of their spaces. `sought`: each of its words stands in the row.
// `access`: by space, whose it is and when, in words; a space that is not in it is everybody's.
export function drawSpaces(body, all, { filter, order, sought, zone, access }) {
  const words = sought.toLocaleLowerCase(LANGUAGE).split(/\s+/u);
  const wanted = (row) => FILTERS[filter](row) && words.every((word) => wordsOf(row).includes(word));
  const rows = all.map((row) => ({ ...row, access: access[row.id] ?? "" })).toSorted(ORDERS[order]);
  const known = new Map([...body.children].map((line) => [line.dataset.id, line]));
  let shown = 0;
  for (const row of rows) {
    const key = JSON.stringify(row);
    let line = known.get(row.id);
    if (!line || line.dataset.key !== key) {
      const fresh = draw(row, zone);
      fresh.dataset.key = key;
      if (line) line.replaceWith(fresh);
      line = fresh;
    }
    line.hidden = !wanted(row);
    if (body.children[shown] !== line) body.insertBefore(line, body.children[shown] ?? null);
    known.delete(row.id);
    shown += 1;
  }
  known.forEach((line) => line.remove());
  return rows.some(wanted);
}

function wordsOf(row) {
  const said = [row.space, row.access, row.circuit, stateWord(row.state), row.driver, row.vehicle, row.why];
  return said.filter(Boolean).join(" ").toLocaleLowerCase(LANGUAGE);
}

function draw(row, zone) {
  const idle = ["available", "reserved", "planned"].includes(row.state);
  const line = element("tr", { role: "row", "data-id": row.id, class: idle ? "idle" : "" });
  const name = row.admin_url ? element("a", { href: row.admin_url }, row.space) : row.space;
  const whose = [row.driver, row.charge_pct !== null && row.charge_pct !== undefined ? `${row.charge_pct} %` : null];
  const small = whose.filter(Boolean).join(", ");
  line.append(
    cell("space", "", name, small ? element("small", {}, small) : null, row.access ? element("small", { class: "access" }, row.access) : null),
    cell("state-cell", "", element("span", { class: "state", "data-state": row.state }, stateWord(row.state))),
    number(gettext("Now"), row.power_w === null ? null : `${row.power_w ? kilo(row.power_w) : 0} kW`),
    number(gettext("Limit"), ...limit(row)),
    number(gettext("Energy"), energy(row)),
    moment("finish", gettext("Done about"), row.finish_at, zone),
    moment("ready", gettext("Ready by"), row.ready_by, zone),
    cell("why", "", row.why),
  );
  return line;
}

function moment(kind, label, at, zone) {
  return cell(at ? kind : `${kind} empty`, label, at ? clock(zone).moment(at) : "–");
}

function limit(row) {
  if (row.limit_ma === null) return [null];
  const moves = row.wanted_ma !== null && row.wanted_ma !== row.limit_ma;
  const next = moves ? element("span", { class: "to" }, ` → ${amps(row.wanted_ma)}`) : null;
  return [`${amps(row.limit_ma)} A`, next];
}

function energy(row) {
  if (row.energy_wh === null) return null;
  const had = row.energy_wh ? kilo(row.energy_wh) : "0";
  return row.asked_wh === null ? `${had} kWh` : `${had} / ${kilo(row.asked_wh)} kWh`;
}

function number(label, content, extra = null) {
  return cell(content === null ? "num empty" : "num", label, element("span", {}, content ?? "–", ...(extra ? [extra] : [])));
}

function cell(kind, label, ...children) {
  return element("td", { role: "cell", class: kind, "data-label": label || null }, ...children);
}

// The tree as nested bars. A bar ends at 110 % of the usual limit, so that a lowered limit is seen to move.
import { amps, clock, element } from "./format.js";
import { fill, gettext } from "./say.js";

const SEGMENTS = ["building", "cars", "reserved"];

// `pageOf` gives the page that a circuit's name leads to, where there is one.
export function drawTree(root, bars, zone, pageOf = () => null) {
  const known = new Map([...root.children].map((node) => [node.dataset.id, node]));
  bars.forEach((bar, index) => {
    const node = known.get(bar.id) ?? blank(bar, pageOf(bar));
    if (root.children[index] !== node) root.insertBefore(node, root.children[index] ?? null);
    known.delete(bar.id);
    update(node, bar, zone);
  });
  known.forEach((node) => node.remove());
}

function blank(bar, page) {
  const phases = element("div", {});
  for (const phase of ["L1", "L2", "L3"]) {
    const track = element("div", { class: "bar", role: "img" });
    for (const name of [...SEGMENTS, "limit", "announced"]) track.append(element("i", { class: name }));
    phases.append(element("div", { class: "phase" }, element("span", {}, phase), track, element("span", {})));
  }
  const head = element("div", {}, element("h3", {}, element(page ? "a" : "span", { href: page })), element("p", {}));
  return element("div", { class: "node", "data-id": bar.id, "data-depth": Math.min(3, bar.depth) }, head, phases);
}

function update(node, bar, zone) {
  const [head, phases] = node.children;
  head.children[0].firstElementChild.textContent = bar.name;
  head.children[1].textContent = caption(bar, zone);
  bar.phases.forEach((phase, index) => fillPhase(phases.children[index], bar, phase, `L${index + 1}`));
}

function caption(bar, zone) {
  if (bar.announced_at) {
    const lower = Math.min(...bar.phases.map((phase) => phase.announced_ma ?? phase.limit_ma));
    return fill(gettext("%(amps)s A from %(time)s"), { amps: wholeAmps(lower), time: clock(zone).time(bar.announced_at) });
  }
  const limit = Math.min(...bar.phases.map((phase) => phase.limit_ma));
  const usual = Math.min(...bar.phases.map((phase) => phase.usual_ma));
  if (limit < usual) {
    return fill(gettext("cut to %(limit)s of %(usual)s A"), { limit: wholeAmps(limit), usual: wholeAmps(usual) });
  }
  return fill(gettext("%(amps)s A a phase"), { amps: wholeAmps(limit) });
}

function fillPhase(line, bar, phase, name) {
  const [, track, figure] = line.children;
  const load = phase.building_ma + phase.cars_ma;
  // Only a measured overload stretches the scale: what is merely reserved ends at the bar's edge.
  const full = Math.max(phase.usual_ma * 1.1, load, 1);
  let from = 0;
  for (const segment of SEGMENTS) {
    const width = Math.min(phase[`${segment}_ma`], full - from);
    const part = track.getElementsByClassName(segment)[0];
    part.style.left = `${(100 * from) / full}%`;
    part.style.width = `${(100 * width) / full}%`;
    from += width;
  }
  place(track.getElementsByClassName("limit")[0], phase.limit_ma, full);
  place(track.getElementsByClassName("announced")[0], phase.announced_ma, full);
  line.classList.toggle("over", load > phase.limit_ma);
  figure.replaceChildren(element("b", {}, wholeAmps(load)), ` / ${wholeAmps(phase.limit_ma)} A`);
  const ahead = phase.announced_ma === null ? "" : fill(gettext(", %(amps)s A announced"), { amps: amps(phase.announced_ma) });
  const words = fill(
    gettext("%(place)s: building %(building)s A, cars %(cars)s A, reserved %(reserved)s A more, limit %(limit)s A"),
    {
      place: `${bar.name} ${name}`,
      building: amps(phase.building_ma),
      cars: amps(phase.cars_ma),
      reserved: amps(phase.reserved_ma),
      limit: amps(phase.limit_ma),
    },
  );
  track.setAttribute("aria-label", words + ahead);
}

const wholeAmps = (ma) => amps(Math.round(ma / 1000) * 1000);

function place(line, at, full) {
  line.hidden = at === null;
  if (at !== null) line.style.left = `${(100 * at) / full}%`;
}

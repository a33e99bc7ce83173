// Load against limit over time: past filled, what is expected dashed, now a line.
import { clock, kilo, whole } from "./format.js";
import { fill, gettext } from "./say.js";
import { anchorAt, shape, text } from "./svg.js";

const LEFT = 40;
const TOP = 20;
const BOTTOM = 22;

export function drawChart(box, window, headline, zone, nowS) {
  const width = Math.max(240, box.clientWidth);
  const height = box.clientHeight || 212;
  const now = Math.min(Math.max(nowS, window.from), window.to);
  const runs = recorded(window, headline, now);
  const most = Math.max(headline.usual_va, ...window.limit.map((step) => step[1]), ...runs.flat().map((p) => p[1] + p[2]));
  const top = most * 1.08;
  const x = (t) => LEFT + ((t - window.from) / (window.to - window.from)) * (width - LEFT - 6);
  const y = (va) => height - BOTTOM - (va / top) * (height - BOTTOM - TOP);
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words(runs, headline) });
  grid(svg, { window, top, x, y, width, height, zone });
  for (const run of runs) areas(svg, run, x, y);
  ahead(svg, window, now, x, y);
  limit(svg, window, now, x, y);
  svg.append(
    shape("line", { class: "now", x1: x(now), x2: x(now), y1: 2, y2: height - BOTTOM }),
    text(gettext("now"), x(now) + (x(now) > width - 40 ? -5 : 5), 12, x(now) > width - 40 ? "end" : "start", "now-word"),
  );
  box.replaceChildren(svg);
}

// Stretches without a gap, as [t, building, cars]. The last one runs up to what is measured now.
function recorded(window, headline, now) {
  const runs = [];
  let last = null;
  for (const [end, building, cars] of window.points) {
    if (last === null || end - last > window.bucket_s) runs.push([[end - window.bucket_s, building, cars]]);
    runs.at(-1).push([end - window.bucket_s / 2, building, cars]);
    last = end;
  }
  const live = [now, headline.building_va, headline.cars_va];
  if (last !== null && now - last <= Math.max(2 * window.bucket_s, 90)) runs.at(-1).push(live);
  else runs.push([[now - (window.to - window.from) / 400, live[1], live[2]], live]);
  return runs;
}

function areas(svg, run, x, y) {
  const outline = (low, high) => [
    ...run.map((point) => `${x(point[0]).toFixed(1)},${y(high(point)).toFixed(1)}`),
    ...run.toReversed().map((point) => `${x(point[0]).toFixed(1)},${y(low(point)).toFixed(1)}`),
  ].join(" ");
  svg.append(
    shape("polygon", { class: "area-building", points: outline(() => 0, (point) => point[1]) }),
    shape("polygon", { class: "area-cars", points: outline((point) => point[1], (point) => point[1] + point[2]) }),
  );
}

function ahead(svg, window, now, x, y) {
  const line = (points) => points.map(([t, va]) => `${x(t).toFixed(1)},${y(va).toFixed(1)}`).join(" ");
  const later = window.expected.filter(([t]) => t > now);
  const before = window.expected.findLast(([t]) => t <= now);
  const building = before ? [[now, before[1]], ...later] : later;
  svg.append(shape("polyline", { class: "ahead", points: line(building) }));
  const cars = window.planned.filter(([t]) => t >= now - 60);
  if (cars.length > 1) svg.append(shape("polyline", { class: "ahead-cars", points: line(cars) }));
}

// A limit that is announced is a plan: dashed from the moment it takes effect.
function limit(svg, window, now, x, y) {
  const steps = window.limit.map(([t, va], index) => ({ t, va, end: window.limit[index + 1]?.[0] ?? window.to }));
  const path = (some) => some.map(({ t, va, end }, index) => {
    const [from, to, level] = [x(t), x(end), y(va)].map((value) => value.toFixed(1));
    return `${index ? "L" : "M"}${from},${level} L${to},${level}`;
  }).join(" ");
  const past = steps.filter((step) => step.t <= now);
  const ahead = steps.filter((step) => step.t > now);
  svg.append(shape("path", { class: "limit", d: path(past) }));
  if (ahead.length) {
    const down = `M${x(ahead[0].t).toFixed(1)},${y(past.at(-1)?.va ?? ahead[0].va).toFixed(1)}`;
    svg.append(shape("path", { class: "limit announced-limit", d: `${down} ${path(ahead).replace("M", "L")}` }));
  }
  if (steps[0]) svg.append(text(fill(gettext("limit %(kva)s kVA"), { kva: whole(steps[0].va) }), LEFT + 4, y(steps[0].va) - 6, "start"));
}

const MIDNIGHT_FROM_S = 7200; // windows longer than this show a day

function grid(svg, { window, top, x, y, width, height, zone }) {
  const step = [5, 10, 20, 25, 50, 100, 250, 500, 1000].map((kva) => kva * 1000).find((va) => top / va <= 4) ?? 2e6;
  for (let va = 0; va <= top; va += step) {
    svg.append(
      shape("line", { class: "grid", x1: LEFT, x2: width - 6, y1: y(va), y2: y(va) }),
      text(va ? whole(va) : "0 kVA", LEFT - 6, y(va) + 4, "end"),
    );
  }
  const span = window.to - window.from;
  const every = [300, 900, 1800, 10800, 21600].find((step) => (width - LEFT) / (span / step) > 52) ?? 43200;
  const start = span > MIDNIGHT_FROM_S ? window.from : Math.ceil(window.from / every) * every;
  for (let t = start; t <= window.to; t += every) {
    const at = x(t);
    const anchor = anchorAt(at, LEFT + 14, width - 24);
    const midnight = span > MIDNIGHT_FROM_S && t >= window.to;
    svg.append(text(midnight ? "24:00" : clock(zone).time(t * 1000), at, height - 5, anchor));
  }
}

function words(runs, headline) {
  const highest = Math.max(...runs.flat().map((point) => point[1] + point[2]));
  return fill(gettext("Load now %(load)s of %(limit)s kVA; highest shown %(highest)s kVA"), {
    load: kilo(headline.load_va),
    limit: kilo(headline.limit_va),
    highest: kilo(highest),
  });
}

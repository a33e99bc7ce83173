// When a car is expected to charge: in words, and drawn over the price of each hour.
import { element, kilo, money } from "./format.js";
import { fill, gettext } from "./say.js";
import { shape } from "./svg.js";

// A pause that is shorter is no break to tell of.
const BREAK_MS = 20 * 60000;
const HOUR_MS = 3600000;
const MOST_WINDOWS = 2;
const HEIGHT = 132;
const FLOOR = HEIGHT - 20;
const PRICE_SHARE = 0.55; // of the height; power has the rest, above it

// Stretches that follow each other, whatever their power.
export function windowsOf(stretches) {
  const windows = [];
  for (const { begins_at: from, ends_at: to } of stretches) {
    const [begin, end] = [Date.parse(from), Date.parse(to)];
    const last = windows.at(-1);
    if (last && begin - last.end < BREAK_MS) last.end = end;
    else windows.push({ begin, end });
  }
  return windows;
}

export function courseWords(course, clock) {
  if (!course?.is_known) return "";
  const windows = windowsOf(course.stretches);
  if (!windows.length) return gettext("No power is expected for it within a day.");
  const cost = course.cost_minor === null ? "" : fill(gettext("About %(cost)s."), { cost: money(course.cost_minor, course.currency, 2) });
  return `${times(windows, clock)} ${cost}`.trim();
}

function times(windows, clock) {
  const said = windows.map(({ begin, end }) => fill(gettext("%(begin)s to %(end)s"), { begin: clock.moment(begin), end: clock.time(end) }));
  if (said.length === 1) return fill(gettext("Charges %(times)s."), { times: said[0] });
  if (said.length <= MOST_WINDOWS) return fill(gettext("Charges %(first)s and %(second)s."), { first: said[0], second: said[1] });
  const whole = { begin: clock.moment(windows[0].begin), end: clock.moment(windows.at(-1).end) };
  return fill(gettext("Charges between %(begin)s and %(end)s, with breaks."), whole);
}

// The box of a course: nothing while it is unknown.
export function drawCourse(box, course, context, readyBy) {
  const words = courseWords(course, context.clock);
  box.hidden = !words;
  if (!words) return;
  const line = element("p", { class: "course-words" }, words);
  const until = readyBy ? Date.parse(readyBy) : 0;
  box.replaceChildren(line, ...(course.stretches.length ? picture(course, context, until, words) : []));
}

function picture(course, context, until, words) {
  const { clock } = context;
  const width = 480;
  const now = context.now();
  const from = Math.floor(now / HOUR_MS) * HOUR_MS;
  const ends = Date.parse(course.stretches.at(-1).ends_at);
  const to = Math.ceil(Math.min(Math.max(ends, until), from + 24 * HOUR_MS) / HOUR_MS) * HOUR_MS;
  const x = (at) => ((at - from) / (to - from)) * width;
  const svg = shape("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": words, preserveAspectRatio: "none" });
  prices(svg, context.prices(), { from, to, x });
  const most = Math.max(...course.stretches.map((stretch) => stretch.power_w));
  for (const stretch of course.stretches) {
    const [left, right] = [x(Date.parse(stretch.begins_at)), x(Date.parse(stretch.ends_at))];
    const tall = (stretch.power_w / most) * (FLOOR - 24);
    const bar = shape("rect", { class: "power", x: left, y: FLOOR - tall, width: Math.max(2, right - left), height: tall });
    const title = shape("title", {});
    title.textContent = `${clock.time(stretch.begins_at)} ${kilo(stretch.power_w)} kW`;
    bar.append(title);
    svg.append(bar);
  }
  svg.append(shape("line", { class: "axis", x1: 0, x2: width, y1: FLOOR + 0.5, y2: FLOOR + 0.5 }));
  if (until && until <= to) svg.append(shape("line", { class: "due", x1: x(until), x2: x(until), y1: 14, y2: FLOOR }));
  const box = element("div", { class: "course" });
  box.append(svg, ...labels(most, { from, to, until }, clock));
  return [box, key(priceRange(context.prices(), from, to))];
}

// What the two areas are, and between which prices the grey one moves.
function key(price) {
  const power = element("span", { class: "of-power" }, gettext("expected power"));
  const line = element("p", { class: "course-key" }, power);
  if (price) line.append(element("span", { class: "of-price" }, fill(gettext("price: %(range)s a kWh"), { range: price })));
  return line;
}

// "€0.20 to €0.31" over the hours that are drawn; "" where no price is known.
export function priceRange(told, from, to) {
  const values = pricesWithin(told, from, to).map(({ value }) => value);
  if (!values.length) return "";
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => money(value / 1000, told.currency));
  return least === most ? least : fill(gettext("%(least)s to %(most)s"), { least, most });
}

function pricesWithin(told, from, to) {
  if (!told) return [];
  const { per_mwh_minor: values, start, step_s: stepS } = told;
  return values
    .map((value, index) => ({
      value,
      begin: Math.max(from, Date.parse(start) + index * stepS * 1000),
      end: Math.min(to, Date.parse(start) + (index + 1) * stepS * 1000),
    }))
    .filter(({ begin, end }) => begin < end);
}

// Words stand beside the picture, so that they are not stretched with it.
function labels(most, { from, to, until }, clock) {
  const mark = (words, moment, name = "") => {
    const made = element("span", { class: name, "aria-hidden": "true" }, words);
    made.style.left = `${(100 * (moment - from)) / (to - from)}%`;
    return made;
  };
  const marks = [element("span", { class: "most", "aria-hidden": "true" }, fill(gettext("up to %(power)s kW"), { power: kilo(most) }))];
  const hours = (to - from) / HOUR_MS;
  const every = hours > 12 ? 6 : 3;
  for (let moment = from + HOUR_MS; moment < to - HOUR_MS / 2; moment += HOUR_MS) {
    const time = clock.time(moment);
    const clear = moment - from > (hours / 6) * HOUR_MS && Math.abs(moment - until) > (hours / 8) * HOUR_MS;
    if (Number(time.slice(0, 2)) % every === 0 && time.slice(3, 5) === "00" && clear) marks.push(mark(time, moment));
  }
  marks.push(element("span", { class: "here", "aria-hidden": "true" }, gettext("now")));
  if (until && until <= to) marks.push(mark(clock.time(until), until, "due"));
  return marks;
}

function prices(svg, told, { from, to, x }) {
  const most = Math.max(...(told?.per_mwh_minor ?? []), 1);
  const points = pricesWithin(told, from, to).flatMap(({ value, begin, end }) => {
    const y = FLOOR - (Math.max(0, value) / most) * (FLOOR - 24) * PRICE_SHARE;
    return [[x(begin), y], [x(end), y]];
  });
  if (!points.length) return;
  const outline = [[points[0][0], FLOOR], ...points, [points.at(-1)[0], FLOOR]];
  svg.append(shape("polygon", { class: "price", points: outline.map(([left, y]) => `${left.toFixed(1)},${y.toFixed(1)}`).join(" ") }));
}

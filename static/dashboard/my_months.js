// The last months as bars: energy, money, ready on time, carbon; and the same as a table for who reads or hears it.
import { call } from "./my_api.js";
import { element, kilo, money, percent } from "./format.js";
import { LANGUAGE, fill, gettext } from "./say.js";
import { shape } from "./svg.js";

const WIDTH = 480;
const HEIGHT = 84;

// A measure: its name, its value of a month (null: not known), and that in words.
export function measures(currency) {
  return [
    { name: gettext("Energy"), of: (month) => month.energy_wh, words: (value) => `${kilo(value)} kWh` },
    { name: gettext("Money"), of: (month) => month.cost_minor, words: (value) => money(value, currency, 2) },
    { name: gettext("Ready on time"), of: (month) => (month.settled ? month.kept / month.settled : null), words: percent },
    { name: gettext("CO₂"), of: (month) => month.carbon_g, words: (value) => `${kilo(value)} kg` },
  ];
}

// Only measures that some month knows, and months from the first one with a stay on.
export function shownOf(told) {
  const first = told.months.findIndex((month) => month.stays > 0 || month.cost_minor !== null);
  const months = first < 0 ? [] : told.months.slice(first);
  return { months, kinds: measures(told.currency).filter((kind) => months.some((month) => kind.of(month) !== null)) };
}

const wordOf = (first, style) => new Intl.DateTimeFormat(LANGUAGE, { month: style, timeZone: "UTC", ...(style === "long" && { year: "numeric" }) }).format(new Date(`${first}T00:00Z`));

export function months(find, context) {
  return {
    async open() {
      const found = await call("GET", `/drivers/months?community=${context.driver().community_id}`);
      const shown = found.ok ? shownOf(found.data) : { months: [], kinds: [] };
      find("months-box").hidden = !shown.months.length;
      if (!shown.months.length) return;
      find("months").replaceChildren(...shown.kinds.map((kind) => chart(kind, shown.months)));
      find("months-table").replaceChildren(...table(shown));
    },
  };
}

function chart(kind, rows) {
  const values = rows.map(kind.of);
  const most = Math.max(...values.filter((value) => value !== null), 0) || 1;
  const each = WIDTH / Math.max(rows.length, 6);
  const last = values.at(-1);
  const words = fill(gettext("%(name)s by month, at most %(most)s"), { name: kind.name, most: kind.words(most) });
  const svg = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words, preserveAspectRatio: "none" });
  values.forEach((value, index) => {
    if (value === null) return;
    const tall = Math.max(2, (Math.max(0, value) / most) * HEIGHT);
    const bar = shape("rect", { class: index === rows.length - 1 ? "running" : "", x: index * each + 2, y: HEIGHT - tall, width: each - 4, height: tall, rx: 2 });
    const title = shape("title", {});
    title.textContent = `${wordOf(rows[index].first, "long")}: ${kind.words(value)}`;
    bar.append(title);
    svg.append(bar);
  });
  const names = rows.map((row, index) => {
    const name = element("span", { "aria-hidden": "true" }, wordOf(row.first, "narrow"));
    name.style.left = `${(100 * (index + 0.5) * each) / WIDTH}%`;
    return name;
  });
  const now = last === null ? "–" : kind.words(last);
  return element("figure", { class: "month" }, element("figcaption", {}, kind.name, element("b", {}, now)), svg, element("div", { class: "month-names" }, ...names));
}

function table({ months: rows, kinds }) {
  const head = element("tr", {}, element("th", { scope: "col" }, gettext("Month")), ...kinds.map((kind) => element("th", { scope: "col" }, kind.name)));
  const body = rows.toReversed().map((row) => element(
    "tr",
    {},
    element("th", { scope: "row" }, wordOf(row.first, "long")),
    ...kinds.map((kind) => element("td", {}, kind.of(row) === null ? "–" : kind.words(kind.of(row)))),
  ));
  return [element("thead", {}, head), element("tbody", {}, ...body)];
}

// What a kWh costs in the hours to come: one bar an hour, green where it is cheap.
import { money } from "./format.js";
import { sumOf } from "./price_parts.js";
import { fill, gettext } from "./say.js";
import { shape, text } from "./svg.js";

const HOUR_S = 3600;

export function drawPrices(find, prices, clock) {
  find("prices-box").hidden = !prices?.per_mwh_minor.length;
  if (find("prices-box").hidden) return;
  const { per_mwh_minor: values, currency, start, step_s: stepS } = prices;
  const price = (value) => money(value / 1000, currency);
  find("price-now").textContent = price(values[0]);
  const least = Math.min(...values);
  const at = Date.parse(start) + values.indexOf(least) * stepS * 1000;
  const when = { price: price(least), time: clock.moment(at) };
  find("price-next").textContent = values[0] > least
    ? fill(gettext("per kWh, %(price)s from %(time)s"), when)
    : gettext("per kWh: as cheap as it gets today");
  find("price-parts").textContent = sumOf(prices.parts?.[0], currency);
  find("price-tariff").textContent = tariffOf(prices);
  find("price-fees").textContent = prices.fees.join(" ");
  find("prices").replaceChildren(chart(find("prices"), hours(values, start, stepS), price, clock));
}

// Which tariff counts for the driver; a price of the market is told by its parts.
function tariffOf({ basis, tariff }) {
  if (!tariff || basis === "market") return "";
  return `${fill(gettext("Your tariff: %(tariff)s."), { tariff: tariff.name })} ${tariff.sentences.join(" ")}`;
}

function hours(values, start, stepS) {
  const bars = [];
  values.forEach((value, index) => {
    const at = Date.parse(start) + index * stepS * 1000;
    const hour = Math.floor(at / (HOUR_S * 1000)) * HOUR_S * 1000;
    if (bars.at(-1)?.hour !== hour) bars.push({ hour, sum: 0, count: 0 });
    bars.at(-1).sum += value;
    bars.at(-1).count += 1;
  });
  return bars.map(({ hour, sum, count }) => ({ hour, value: sum / count })).slice(0, 24);
}

function chart(box, bars, price, clock) {
  const width = Math.max(240, box.clientWidth);
  const height = 112;
  const floor = height - 20;
  const most = Math.max(...bars.map((bar) => bar.value));
  const least = Math.min(...bars.map((bar) => bar.value));
  const each = width / bars.length;
  const kind = (value) => {
    if (most === least) return "usual";
    if (value === least) return "cheap";
    return value === most ? "dear" : "usual";
  };
  const words = fill(gettext("From %(least)s to %(most)s per kWh"), { least: price(least), most: price(most) });
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words });
  bars.forEach((bar, index) => {
    const tall = Math.max(2, (bar.value / most) * (floor - 6));
    const made = shape("rect", { class: kind(bar.value), x: index * each + 1, y: floor - tall, width: Math.max(1, each - 2), height: tall, rx: 2 });
    const title = shape("title", {});
    title.textContent = `${clock.moment(bar.hour)} ${price(bar.value)}`;
    made.append(title);
    svg.append(made);
    const time = clock.time(bar.hour);
    const clear = index > 2 && index < bars.length - 1;
    if (index === 0) svg.append(text(gettext("now"), 0, height - 4, "start", "here"));
    else if (clear && Number(time.slice(0, 2)) % 6 === 0) svg.append(text(time, index * each + each / 2, height - 4, "middle"));
  });
  svg.append(shape("line", { class: "axis", x1: 0, x2: width, y1: floor + 0.5, y2: floor + 0.5 }));
  return svg;
}

// The screen in the hall: nobody signs in, nobody is named, and after a while the next cluster has its turn.
import { clock, element, kilo, money, plainKilo } from "./format.js";
import { follow, liveWord, withNews } from "./live.js";
import { fill, gettext } from "./say.js";

const TURN_MS = 20_000;
// A picture that does not come back on its own, as after an upgrade, is asked for again.
const RELOAD_MS = 60_000;

const find = (name) => document.querySelector(`[data-${name}]`);
let picture = JSON.parse(document.getElementById("snapshot").textContent);
let liveAt = Date.now();

function draw() {
  const { headline, price, alerts, banner, cluster } = picture;
  const spaces = headline.free_spaces;
  find("free").textContent = String(spaces.length);
  find("free-spaces").replaceChildren(...spaces.map((space) => element("li", {}, space)));
  find("free").parentElement.classList.toggle("none", spaces.length === 0);
  find("charging").textContent = String(headline.charging);
  find("waiting").textContent = String(headline.waiting);
  find("load").textContent = kilo(headline.load_va);
  find("load-of").textContent = fill(gettext("of %(limit)s kVA"), { limit: plainKilo(headline.limit_va) });
  find("price-box").hidden = price === null;
  if (price !== null) {
    find("price").textContent = money(price.per_kwh_minor, price.currency);
    find("price-next").textContent = nextPrice(price, cluster.time_zone);
  }
  // Whoever signed in, the hall reads what it means for everybody.
  const alarms = banner.map((line) => line.plain);
  const urgent = [...alarms, ...alerts.filter((alert) => alert.urgent).map((alert) => alert.text)];
  const shown = [...find("dangers").children].map((item) => item.textContent);
  if (urgent.join("\n") !== shown.join("\n")) find("dangers").replaceChildren(...urgent.map((text) => element("li", {}, text)));
}

function nextPrice({ cheap, currency }, zone) {
  if (!cheap) return gettext("a kWh");
  const words = { price: money(cheap.price_per_kwh_minor, currency), time: clock(zone).moment(cheap.from) };
  return fill(gettext("a kWh, %(price)s from %(time)s"), words);
}

draw();
follow(find("page").dataset.socket, {
  snapshot(data) {
    picture = data;
    draw();
  },
  event(type, data) {
    if (type !== "rows") picture = withNews(picture, type, data);
    draw();
  },
  state(state) {
    if (state === "live") liveAt = Date.now();
    find("live").dataset.live = state;
    find("live-word").textContent = liveWord(state);
  },
});

const { next } = find("page").dataset;
if (next) setTimeout(() => location.replace(next), TURN_MS);
setInterval(() => {
  if (Date.now() - liveAt > RELOAD_MS && navigator.onLine) location.reload();
}, RELOAD_MS);

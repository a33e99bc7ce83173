// The live page: what the server embedded is drawn at once, then the socket keeps it true.
import { drawChart } from "./chart.js";
import { clock, duration, element, kilo, money, plainKilo, twoDigits, whole } from "./format.js";
import { follow, liveWord, withNews } from "./live.js";
import { fill, gettext, ngettext } from "./say.js";
import { cookie } from "./my_api.js";
import { sumOf } from "./price_parts.js";
import { drawSpaces } from "./spaces.js";
import { drawTree } from "./tree.js";

const find = (name) => document.querySelector(`[data-${name}]`);
const all = (name) => [...document.querySelectorAll(`[data-${name}]`)];

let picture = JSON.parse(document.getElementById("snapshot").textContent);
let filter = "all";
let shownWindow = recordedS(picture) < 3 * 3600 ? "hour" : "day";
let aheadMs = 0; // the server's clock less ours
let cutProblem = ""; // why the last press changed nothing, until it is read

const zone = () => picture.cluster.time_zone;
const nowMs = () => Date.now() + aheadMs;

function recordedS({ day }) {
  return day.points.length * day.bucket_s;
}

const BUILDING = {
  measured: gettext("building, measured"),
  expected: gettext("building, expected"),
  assumed: gettext("building, highest assumed"),
};

const sections = {
  headline() {
    const head = picture.headline;
    find("load").textContent = kilo(head.load_va);
    const limits = { limit: plainKilo(head.limit_va), usual: whole(head.usual_va) };
    const isCut = head.limit_va < head.usual_va;
    const words = isCut ? gettext("of %(limit)s kVA, cut from %(usual)s") : gettext("of %(limit)s kVA");
    find("load-of").textContent = fill(words, limits);
    find("free-power").textContent = `${kilo(head.free_va)} kVA`;
    find("counts").replaceChildren(...counts(head));
    drawToday();
    chart();
  },
  bars() {
    drawTree(find("tree"), picture.bars, zone());
    say(find("legend-building"), BUILDING[picture.bars[0].building_source]);
    find("legend-announced").hidden = !picture.bars.some((bar) => bar.announced_at);
  },
  banner() {
    keepList(find("banner"), picture.banner, drawAlarm);
  },
  alerts() {
    keepList(find("alerts"), picture.alerts, drawAlert);
    tick();
  },
  price() {
    const price = picture.price;
    find("price-box").hidden = price === null;
    if (price === null) return;
    find("price").textContent = money(price.per_kwh_minor, price.currency);
    find("price-next").textContent = nextPrice(price);
    find("price-parts").textContent = sumOf(price.parts, price.currency);
  },
  today: () => drawToday(),
  day: () => chart(),
  hour: () => chart(),
  rows() {
    if (!picture.rows) return;
    find("rows-empty").hidden = drawSpaces(find("rows"), picture.rows, {
      filter, order: find("order").value, sought: find("search").value.trim(), zone: zone(), access: picture.access ?? {},
    });
  },
  access: () => sections.rows(),
  cut_ahead: () => tick(),
  cut() {
    if (!picture.cut) return;
    const button = find("cut-button");
    const standing = picture.cut.standing;
    button.textContent = standing ? gettext("Restore") : fill(gettext("Cut to %(pct)s %%"), { pct: picture.cut.pct });
    button.className = standing ? "calm" : "danger";
    button.disabled = false;
    tick();
  },
};

function counts(head) {
  const parts = [[head.charging, gettext("charging")], [head.waiting, gettext("waiting")], [head.free, gettext("free")]];
  if (head.offline) parts.push([head.offline, gettext("offline")]);
  return parts.flatMap(([count, word], index) => [index ? " · " : "", element("b", {}, String(count)), ` ${word}`]);
}

function nextPrice({ cheap, currency, dearer_at: dearerAt }) {
  if (cheap) {
    const price = money(cheap.price_per_kwh_minor, currency);
    return fill(gettext("/kWh, %(price)s from %(time)s"), { price, time: clock(zone()).moment(cheap.from) });
  }
  return dearerAt ? fill(gettext("/kWh, cheapest until %(time)s"), { time: clock(zone()).moment(dearerAt) }) : "/kWh";
}

function drawToday() {
  const { today, headline } = picture;
  const turn = headline.next_turn_at;
  const next = turn
    ? fill(gettext("waiting, next turn %(time)s"), { time: clock(zone()).time(turn) })
    : gettext("waiting for a turn");
  const ready = today.ready_on_time;
  const tiles = [
    [`${kilo(today.energy_wh)} kWh`, fill(ngettext("to %(count)s car today", "to %(count)s cars today", today.cars), { count: today.cars })],
    [String(headline.waiting), headline.waiting ? next : gettext("waiting")],
    today.jain === null
      ? ["–", gettext("fairness: known after two drivers' sessions")]
      : [twoDigits(today.jain), fill(gettext("Jain fairness, %(days)s days"), { days: today.over_days })],
    ready === null
      ? ["–", gettext("ready on time: no booked stay yet")]
      : [`${Math.round((100 * ready.ready) / ready.of)} %`, fill(gettext("ready on time, of %(count)s booked"), { count: ready.of })],
  ];
  const billed = today.billed;
  if (billed) {
    const words = fill(gettext("month's peak, target %(target)s kW"), { target: kilo(billed.target_w) });
    tiles.push([`${kilo(billed.month_peak_w)} kW`, words]);
  }
  const box = find("tiles");
  const key = JSON.stringify(tiles);
  if (box.dataset.key === key) return;
  box.dataset.key = key;
  box.replaceChildren(...tiles.map(([figure, words]) => element("div", {}, element("dt", {}, words), element("dd", {}, figure))));
}

function chart() {
  const window = picture[shownWindow];
  drawChart(find("chart"), window, picture.headline, zone(), nowMs() / 1000);
  const gaps = recordedS(picture) < 300 && shownWindow === "day" ? `${gettext("Recording has just started.")} ` : "";
  const dashed = window.planned.length
    ? gettext("Dashed: expected building load and the cars that are here, at their power now.")
    : gettext("Dashed: expected building load.");
  find("chart-hint").textContent = gaps + dashed;
  all("window").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.window === shownWindow)));
}

// What is said already stays as it is, so that nothing is read out twice.
function keepList(list, lines, draw) {
  const known = new Map([...list.children].map((item) => [item.dataset.key, item]));
  const wanted = lines.map((line) => known.get(JSON.stringify(line)) ?? draw(line));
  if (wanted.length !== list.children.length || wanted.some((item, index) => item !== list.children[index])) {
    list.replaceChildren(...wanted);
  }
}

function drawAlarm(line) {
  const words = element("b", {}, line.text);
  const since = fill(gettext("since %(time)s"), { time: clock(zone()).moment(line.since) });
  const item = element("li", {}, words, element("span", {}, ` ${since}`));
  item.dataset.key = JSON.stringify(line);
  if (line.acknowledged) item.append(element("span", {}, ` · ${gettext("acknowledged")}`));
  if (line.admin_url) item.append(" ", element("a", { href: line.admin_url }, gettext("Look after it")));
  return item;
}

function drawAlert(alert) {
  const item = element("li", { class: alert.urgent ? "urgent" : "" }, element("b", {}, alert.text));
  item.dataset.key = JSON.stringify(alert);
  if (alert.until) item.append(` ${fill(gettext("until %(time)s"), { time: clock(zone()).moment(alert.until) })}`);
  if (alert.since) item.append(` ${fill(gettext("since %(time)s"), { time: clock(zone()).time(alert.since) })}`);
  if (alert.reason) item.append(element("span", {}, ` · ${alert.reason}`));
  if (alert.counts_to) item.append(element("span", { "aria-hidden": "true", "data-counts-to": alert.counts_to }));
  return item;
}

// What changes with the clock alone.
function tick() {
  for (const item of all("counts-to")) {
    const left = (Date.parse(item.dataset.countsTo) - nowMs()) / 1000;
    say(item, left > 0 ? ` · ${fill(gettext("in force in %(duration)s"), { duration: duration(left) })}` : "");
  }
  if (!picture.cut) return;
  const at = picture.cut.effective_at;
  const left = at ? (Date.parse(at) - nowMs()) / 1000 : 0;
  const announced = at !== null && left > 0;
  const since = at === null ? "" : fill(gettext("In force since %(time)s."), { time: clock(zone()).time(at) });
  say(find("cut-note"), cutProblem || (announced ? announcement(picture.cut) : since) || foreseen(picture.cut_ahead));
  find("cut-read").hidden = !cutProblem;
  say(find("cut-count"), announced ? fill(gettext("In force in %(duration)s."), { duration: duration(left) }) : "");
}

// Before it is pressed.
function foreseen(ahead) {
  if (!ahead) return "";
  const { paused, slower, late } = ahead;
  const parts = [
    [paused, ngettext("%(count)s car would pause", "%(count)s cars would pause", paused)],
    [slower, ngettext("%(count)s car would charge slower", "%(count)s cars would charge slower", slower)],
    [late, ngettext("%(count)s car would miss its time", "%(count)s cars would miss their time", late)],
  ];
  const said = parts.filter(([count]) => count).map(([count, words]) => fill(words, { count }));
  return said.length ? `${said.join(", ")}.` : gettext("No car would get less.");
}

function announcement({ unreachable, reachable }) {
  if (!unreachable) return gettext("Announced: the cars are slowed down now.");
  if (!reachable) return gettext("Announced, but no charge point can be reached: granted power lapses without them.");
  return fill(
    ngettext(
      "Announced: the cars are slowed down now, except at %(count)s space that can't be reached.",
      "Announced: the cars are slowed down now, except at %(count)s spaces that can't be reached.",
      unreachable,
    ),
    { count: unreachable },
  );
}

// The same words again would be read out again.
function say(box, words) {
  if (box.textContent !== words) box.textContent = words;
}

function drawAll() {
  Object.values(sections).forEach((draw) => draw());
}

async function pressCut(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const button = find("cut-button");
  const url = picture.cut.standing ? form.dataset.restoreUrl : form.dataset.cutUrl;
  button.disabled = true;
  cutProblem = "";
  try {
    // The cookie's token, because that of the form is old when the person has signed in again in another tab.
    const answer = await fetch(url, { method: "POST", headers: { Accept: "application/json", "X-CSRFToken": cookie("csrftoken") } });
    // A proxy may lead to a sign-in of its own.
    const status = answer.redirected ? 401 : answer.status;
    cutProblem = answer.ok && status !== 401 ? "" : refusal(status);
    if (status === 401) live.end("signed out");
  } catch {
    cutProblem = gettext("There was no answer. When this page is live again, it shows whether the limit changed.");
  }
  tick();
  // The socket brings the new state; without it the button must not stay dead.
  setTimeout(() => { button.disabled = false; }, cutProblem ? 0 : 4000);
}

function refusal(status) {
  if (status === 401) return gettext("Nothing was changed: you are signed out.");
  if (status === 403) return gettext("Nothing was changed: only a manager of this community may do this.");
  if (status === 503) return gettext("Nothing was changed: the server can't store anything now. Try again in a moment.");
  return fill(gettext("Nothing was changed: the server answered %(status)s. Try once more."), { status });
}

function showState(state, ageS) {
  const box = find("live");
  if (box.dataset.live !== state) {
    box.dataset.live = state;
    find("live-word").textContent = liveWord(state);
    document.body.classList.toggle("is-stale", state !== "live" && state !== "connecting");
  }
  find("live-age").textContent = ageS === null || state === "signed out" ? "" : fill(gettext(", %(duration)s ago"), { duration: duration(ageS) });
}

all("window").forEach((button) => button.addEventListener("click", () => {
  shownWindow = button.dataset.window;
  chart();
}));
all("filter").forEach((button) => button.addEventListener("click", () => {
  filter = button.dataset.filter;
  all("filter").forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
  sections.rows();
}));
find("search")?.addEventListener("input", sections.rows);
find("order")?.addEventListener("change", sections.rows);
find("cut-form")?.addEventListener("submit", pressCut);
find("cut-read")?.addEventListener("click", () => {
  cutProblem = "";
  tick();
});
new ResizeObserver(() => chart()).observe(find("chart"));
setInterval(tick, 1000);

drawAll();
const live = follow(find("page").dataset.socket, {
  snapshot(data) {
    if (data.rights !== picture.rights) location.reload();
    picture = data;
    drawAll();
  },
  event(type, data, at) {
    aheadMs = Date.parse(at) - Date.now();
    picture = withNews(picture, type, data);
    sections[type]?.();
  },
  state: showState,
});

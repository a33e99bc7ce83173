// The driver's page: what the server embedded is drawn at once, then the socket keeps it true and the API does the rest.
import { call } from "./my_api.js";
import { cards, drawOwnSpaces } from "./my_cards.js";
import { calendar } from "./my_calendar.js";
import { drawCars } from "./my_cars.js";
import { personalData } from "./my_data.js";
import { fees } from "./my_fees.js";
import { history } from "./my_history.js";
import { drawVehicles, me } from "./my_me.js";
import { months } from "./my_months.js";
import { planner } from "./my_plan.js";
import { preferences } from "./my_preferences.js";
import { drawPrices } from "./my_prices.js";
import { answer, drawSlots } from "./my_slots.js";
import { pushes } from "./my_push.js";
import { statements } from "./my_statements.js";
import { strikes } from "./my_strikes.js";
import { habit } from "./my_habit.js";
import { clock, duration, element, percent } from "./format.js";
import { follow, liveWord } from "./live.js";
import { fill, gettext } from "./say.js";

const LOOK_AGAIN_MS = 60000;
const PLAN_AGAIN_MS = 300000;
const find = (name) => document.querySelector(`[data-${name}]`);
const all = (name) => [...document.querySelectorAll(`[data-${name}]`)];
const site = JSON.parse(document.getElementById("site").textContent);

let picture = JSON.parse(document.getElementById("picture").textContent);
let chosen = picture.drivers[0].id;
let aheadMs = 0; // the server's clock less ours
let vehicles = [];
let spaces = [];
let prices = null;
let planned = { key: "", at: 0 };
let pending = null; // what the plan is about when its page opens

// What the parts of the page may know and do.
const context = {
  costs: new Map(),
  plans: new Map(),
  prices: () => prices,
  driver: () => picture.drivers.find((driver) => driver.id === chosen) ?? picture.drivers[0],
  zone: () => context.driver().time_zone,
  clusters: () => site.clusters.filter((row) => row.community_id === context.driver().community_id),
  now: () => Date.now() + aheadMs,
  vehicles: () => vehicles,
  spaces: () => spaces,
  spaceName: (id) => spaces.find((space) => space.id === id)?.name ?? "",
  get clock() {
    return clock(context.zone());
  },
  plan(what) {
    pending = what;
    if (location.hash === "#plan") turn();
    else location.hash = "#plan";
  },
  booked(slot) {
    picture.slots = [...picture.slots.filter((row) => row.id !== slot.id), ...(slot.state === "active" ? [] : [slot])];
    location.hash = "#now";
    const { head, words } = answer(slot, context.clock);
    tell(`${head}. ${words}`);
    context.refresh();
  },
  // What the driver chose counts on this page at once.
  chose(preference) {
    Object.assign(context.driver(), preference);
    sections.charging();
  },
  refresh,
};

const plan = planner(find("wish"), context);
const past = history(find, context);
const bars = months(find, context);
const papers = statements(find, context);
const charged = fees(find, context);
const mine = me(find, context);
const against = strikes(find, context);
const learnt = habit(find, context);
const dates = calendar(find, context);
const chosenOnes = preferences(find, context);
const stored = personalData(find, context);
const shown = pushes(find);
const ownCards = cards(find, context);

const sections = {
  drivers() {
    const several = picture.drivers.length > 1;
    find("place").hidden = several;
    find("place").textContent = context.driver().community;
    const select = find("driver");
    select.hidden = !several;
    select.replaceChildren(...picture.drivers.map((driver) => element("option", { value: driver.id }, driver.community)));
    select.value = context.driver().id;
  },
  charging() {
    drawCars(find("cars"), own(picture.charging), context);
    if (own(picture.charging).some((row) => row.active && !context.costs.has(row.session_id))) loadCosts();
  },
  slots() {
    const waiting = own(picture.slots).filter((slot) => slot.state !== "active");
    drawSlots(find("slots"), waiting, context);
  },
  notifications() {
    const count = picture.notifications.length;
    find("unread").hidden = !count;
    find("unread").textContent = String(count);
    if (page() === "me") loadMe();
  },
  alerts() {
    const here = new Set(context.clusters().map((row) => row.id));
    const items = picture.alerts.filter((alert) => here.has(alert.cluster_id)).map(drawAlert);
    find("alerts").replaceChildren(...items);
  },
};

const own = (rows) => rows.filter((row) => row.driver_id === context.driver().id);

function drawAlert(alert) {
  const words = { circuit: alert.circuit, share: percent(alert.limit_ma / alert.usual_ma), time: context.clock.moment(alert.effective_at) };
  const ahead = Date.parse(alert.effective_at) > context.now();
  const text = ahead
    ? fill(gettext("From %(time)s %(circuit)s has %(share)s of its usual power"), words)
    : fill(gettext("%(circuit)s has %(share)s of its usual power"), words);
  const until = alert.until ? ` ${fill(gettext("until %(time)s"), { time: context.clock.moment(alert.until) })}` : "";
  return element("li", {}, element("b", {}, text), until, alert.reason ? element("span", {}, ` · ${alert.reason}`) : null);
}

function tell(words) {
  find("told")?.remove();
  const told = element("p", { class: "answer", role: "status", "data-told": "", "data-answer": "promised" }, words);
  find("slots").before(told);
  setTimeout(() => told.remove(), 12000);
}

async function loadCosts() {
  own(picture.charging).forEach((row) => context.costs.has(row.session_id) || context.costs.set(row.session_id, null));
  const status = await call("GET", "/drivers/charging/status");
  if (!status.ok) return;
  status.data.charging.forEach((row) => context.costs.set(row.session_id, row));
  drawCars(find("cars"), own(picture.charging), context);
}

// By session or slot. Each answer plays some hours ahead, so it is asked again when these change, and rarely otherwise.
async function loadPlans() {
  const ids = [...own(picture.charging).filter((row) => row.active), ...own(picture.slots)].map((row) => JSON.stringify([row.session_id ?? row.id, row.asked_wh ?? row.energy_wh, row.ready_by]));
  const key = ids.join();
  if (page() !== "now" || (key === planned.key && Date.now() - planned.at < PLAN_AGAIN_MS)) return;
  planned = { key, at: Date.now() };
  const found = ids.length ? await call("GET", "/drivers/charging/plan") : { ok: true, data: [] };
  if (!found.ok) return;
  context.plans = new Map(found.data.map((plan) => [plan.session_id ?? plan.slot_id, plan]));
  sections.charging();
  sections.slots();
}

async function loadSpaces() {
  const pages = await Promise.all(context.clusters().map((row) => call("GET", `/chargers?cluster=${row.id}&limit=200`)));
  spaces = pages.filter((found) => found.ok).flatMap((found) => found.data.results).flatMap((charger) => charger.connectors.map((connector) => ({
    ...connector,
    name: charger.connectors.length > 1 ? connector.name : charger.name,
    cluster_id: charger.cluster_id,
    online: charger.online,
  })));
  spaces.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
  sections.charging();
  sections.slots();
  drawOwnSpaces(find, spaces);
}

async function loadPrices() {
  const here = own(picture.charging)[0];
  const place = here ? `&connector=${here.connector_id}` : "";
  const found = await call("GET", `/pricing/prices?community=${context.driver().community_id}&hours=24${place}`);
  if (found.ok) prices = found.data;
  drawPrices(find, found.ok ? found.data : null, context.clock);
}

async function loadVehicles() {
  const found = await call("GET", `/fleet/vehicles?driver=${context.driver().id}`);
  if (found.ok) vehicles = found.data.results;
  drawVehicles(find, vehicles, context);
}

function loadMe() {
  mine.load();
  against.load();
  learnt.load();
  dates.load();
  ownCards.load();
  chosenOnes.load();
  stored.load();
  shown.load();
}

function refresh() {
  sections.slots();
  return Promise.all([loadCosts(), loadSpaces(), loadPlans()]);
}

const page = () => (["plan", "history", "me"].includes(location.hash.slice(1)) ? location.hash.slice(1) : "now");

function turn() {
  const shown = page();
  all("page").forEach((box) => { box.hidden = box.dataset.page !== shown; });
  all("tab").forEach((tab) => (tab.dataset.tab === shown ? tab.setAttribute("aria-current", "page") : tab.removeAttribute("aria-current")));
  if (shown === "now" && prices) drawPrices(find, prices, context.clock);
  if (shown === "now") loadPlans();
  if (shown === "plan") plan.open(pending ?? usual());
  if (shown === "history") {
    past.open();
    bars.open();
    charged.open();
    papers.open();
  }
  if (shown === "me") loadMe();
  pending = null;
  scrollTo(0, 0);
}

// Who opens the plan without saying for what means the car that charges, else the one promise there is.
function usual() {
  const session = own(picture.charging).find((row) => row.active);
  const waiting = own(picture.slots).filter((slot) => slot.state !== "active");
  if (session) return { session };
  return waiting.length === 1 ? { slot: waiting[0] } : {};
}

async function start() {
  Object.values(sections).forEach((draw) => draw());
  await Promise.all([loadVehicles(), loadSpaces(), loadPrices()]);
  turn();
}

find("driver").addEventListener("change", (event) => {
  chosen = event.target.value;
  start();
});
addEventListener("hashchange", turn);
addEventListener("resize", () => page() === "now" && prices && drawPrices(find, prices, context.clock));
setInterval(() => {
  if (document.hidden) return;
  refresh();
  loadPrices();
}, LOOK_AGAIN_MS);
setInterval(sections.charging, 15000); // what changes with the clock alone

if (page() === "now") turn();
start();
follow("/ws/driver", {
  snapshot(data) {
    picture = data;
    Object.values(sections).forEach((draw) => draw());
  },
  event(type, data, at) {
    aheadMs = Date.parse(at) - Date.now();
    if (type in picture) picture[type] = data;
    sections[type]?.();
  },
  state(state, ageS) {
    const box = find("live");
    if (box.dataset.live !== state) {
      box.dataset.live = state;
      find("live-word").textContent = liveWord(state);
      document.body.classList.toggle("is-stale", state !== "live" && state !== "connecting");
    }
    const old = ageS !== null && state !== "live" && state !== "signed out";
    find("live-age").textContent = old ? fill(gettext(", %(duration)s ago"), { duration: duration(ageS) }) : "";
  },
});
navigator.serviceWorker?.register("/worker.js", { scope: "/my" });

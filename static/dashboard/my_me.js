// News with a mark for what was read, and the own cars.
import { call } from "./my_api.js";
import { amps, clock, dateOf, duration, element, kwh } from "./format.js";
import { fill, gettext } from "./say.js";

const LINKS = {
  connected: gettext("linked"),
  reconnect_needed: gettext("the link must be renewed"),
};

export function me(find, context) {
  let news = [];

  async function load() {
    const page = await call("GET", "/drivers/notifications?limit=20");
    if (page.ok) news = page.data.results;
    draw();
  }

  function draw() {
    const items = news.map((item) => line(item, async () => {
      await read(item);
      draw();
    }));
    find("news").replaceChildren(...(items.length ? items : [element("li", { class: "empty-words" }, gettext("Nothing new."))]));
    find("read-all").hidden = news.filter((item) => item.read_at === null).length < 2;
  }

  async function read(item) {
    const done = await call("POST", `/drivers/notifications/${item.id}/read`);
    if (done.ok) Object.assign(item, done.data);
  }

  function line(item, mark) {
    const moment = `${dateOf(item.created_at, context.zone())}, ${clock(context.zone()).time(item.created_at)}`;
    const words = element("span", { class: item.read_at ? "read" : "" }, item.text, element("small", {}, moment));
    const button = element("button", { type: "button", "aria-label": gettext("Mark as read"), title: gettext("Mark as read") }, "✓");
    button.addEventListener("click", mark);
    return element("li", {}, words, item.read_at ? null : button);
  }

  find("read-all").addEventListener("click", async () => {
    await Promise.all(news.filter((item) => item.read_at === null).map(read));
    draw();
  });
  return { load };
}

export function drawVehicles(find, vehicles, context) {
  const own = context.driver();
  find("connect").href = `/auth/smartcar/connect?community=${own.community_id}`;
  const items = vehicles.map((car) => element(
    "li",
    {},
    element("b", {}, car.name),
    element("span", {}, car.charge_pct === null ? "" : `${car.charge_pct} %`),
    element("small", {}, about(car, context)),
  ));
  find("vehicles").replaceChildren(...(items.length ? items : [element("li", { class: "empty-words" }, gettext("No car yet."))]));
}

function about(car, context) {
  const words = [];
  if (car.battery_wh) words.push(kwh(car.battery_wh));
  words.push(fill(car.phases === 1 ? gettext("1 phase, %(amps)s A") : gettext("%(phases)s phases, %(amps)s A"), { phases: car.phases, amps: amps(car.max_current_ma) }));
  if (car.charge_at) words.push(fill(gettext("charge reported %(duration)s ago"), { duration: duration((context.now() - Date.parse(car.charge_at)) / 1000) }));
  words.push(LINKS[car.connection_state] ?? gettext("not linked"));
  return words.join(" · ");
}

// Past stays with energy and cost, and the own line against everybody's.
import { call } from "./my_api.js";
import { dateOf, duration, element, kilo, money, percent, plainKilo, twoDigits } from "./format.js";
import { anchorAt, shape, text } from "./svg.js";
import { savedOf, savedWords } from "./saving.js";
import { fill, gettext, ngettext } from "./say.js";

const PAGE = 10;
const MONTH_DAYS = 30;
const EVEN_WH = 500;

export function history(find, context) {
  let stays = [];
  let more = null;

  async function load(path) {
    const page = await call("GET", path);
    if (!page.ok) return;
    stays = [...stays, ...page.data.results];
    // The address comes absolute; behind a proxy its host may be another.
    more = page.data.next ? new URL(page.data.next) : null;
    draw();
  }

  function draw() {
    const ended = stays.filter((stay) => stay.energy_wh > 0);
    find("stays").replaceChildren(
      ...(ended.length ? ended.map((stay) => line(stay, context)) : [element("li", { class: "empty-words" }, gettext("No stay yet."))]),
    );
    find("stays-more").hidden = more === null;
    sums(find("sums"), ended, context, more === null);
  }

  find("stays-more").addEventListener("click", () => more && load(more.pathname + more.search));
  return {
    open() {
      stays = [];
      load(`/drivers/sessions?driver=${context.driver().id}&limit=${PAGE}`);
      fairness(find, context);
    },
  };
}

function cost(stay) {
  return stay.bill_lines.length ? stay.bill_lines.reduce((sum, bill) => sum + bill.amount_minor, 0) : null;
}

function line(stay, context) {
  const minor = cost(stay);
  const lasted = stay.unplugged_at ? duration((Date.parse(stay.unplugged_at) - Date.parse(stay.plugged_at)) / 1000) : gettext("still there");
  const { currency } = context.driver();
  return element(
    "li",
    {},
    element("span", {}, dateOf(stay.plugged_at, context.zone())),
    element("b", {}, `${kilo(stay.energy_wh)} kWh`),
    element("span", { class: "cost" }, minor === null ? "–" : money(minor, currency, 2)),
    savedOf(stay) !== null ? element("small", { class: savedOf(stay) > 0 && "saved" }, savedWords(stay, currency)) : null,
    element("small", {}, `${context.spaceName(stay.connector_id) || stay.connector_name} · ${lasted}`, stay.has_signed_values ? signed(stay) : null),
  );
}

// What the meter signed, for the software that checks it without us.
function signed(stay) {
  return element("a", { class: "link", href: `/drivers/sessions/${stay.id}/transparency`, download: "" }, ` ${gettext("Signed meter values")}`);
}

// Of the stays that are shown; they are said to be a month only when all of it is there.
function sums(list, stays, context, all) {
  const since = context.now() - MONTH_DAYS * 86400000;
  const month = stays.filter((stay) => Date.parse(stay.plugged_at) >= since);
  const whole = all || month.length < stays.length;
  const shown = whole ? month : stays;
  const billed = shown.map(cost).filter((minor) => minor !== null);
  const compared = shown.map(savedOf).filter((minor) => minor !== null);
  const figures = [
    [`${kilo(shown.reduce((sum, stay) => sum + stay.energy_wh, 0))} kWh`, whole ? fill(gettext("in %(days)s days"), { days: MONTH_DAYS }) : gettext("shown here")],
    [billed.length ? money(sum(billed), context.driver().currency, 2) : "–", gettext("paid for it")],
    ...(compared.length ? [[money(sum(compared), context.driver().currency, 2), savedSum(compared.length, billed.length)]] : []),
    [String(shown.length), ngettext("stay", "stays", shown.length)],
  ];
  list.replaceChildren(...figures.map(([figure, words]) => element("div", {}, element("dt", {}, words), element("dd", {}, figure))));
}

const sum = (amounts) => amounts.reduce((total, minor) => total + minor, 0);

// Honest about stays of which a price is not known.
function savedSum(compared, all) {
  if (compared === all) return gettext("saved");
  return fill(gettext("saved (%(compared)s of %(all)s)"), { compared, all });
}

// By how much the driver is short of what is usual here, and how that is made good.
async function balance(find, cluster) {
  const answer = await call("GET", "/drivers/balance");
  const own = answer.ok ? answer.data.find((row) => row.cluster_id === cluster.id) : undefined;
  find("balance").hidden = own === undefined;
  if (own === undefined) return;
  const values = { kwh: plainKilo(Math.abs(own.short_wh)), weight: twoDigits(own.weight) };
  find("balance").textContent = fill(balanceWords(own.short_wh), values);
}

function balanceWords(shortWh) {
  if (Math.abs(shortWh) < EVEN_WH) return gettext("You are even with your neighbours: your wishes count as much as theirs.");
  if (shortWh > 0) return gettext("Over six weeks you are %(kwh)s kWh short of what is usual here. Until this is made up for, your wishes count %(weight)s times in a shortage.");
  return gettext("Over six weeks you had %(kwh)s kWh more than is usual here. Until this is even, your wishes count %(weight)s times in a shortage.");
}

async function fairness(find, context) {
  const cluster = context.clusters()[0];
  const answer = cluster ? await call("GET", `/analytics/fairness?cluster=${cluster.id}`) : { ok: false };
  const own = answer.ok ? answer.data.drivers.find((row) => row.driver_id === context.driver().id) : undefined;
  find("fair-box").hidden = own === undefined;
  if (own === undefined) return;
  balance(find, cluster);
  const share = own.satisfaction;
  find("fair-word").textContent = fill(gettext("You got %(share)s of what you asked for."), { share: percent(share) });
  const { deciles, jain } = answer.data;
  const words = [fill(ngettext("%(count)s stay in 30 days.", "%(count)s stays in 30 days.", own.sessions), { count: own.sessions })];
  if (deciles) {
    words.push(fill(gettext("Half of all drivers here got %(share)s or more; one in ten got less than %(least)s."), { share: percent(deciles[4]), least: percent(deciles[0]) }));
  }
  if (jain !== null) words.push(fill(gettext("Jain's fairness index is %(jain)s; 1 is perfectly even."), { jain: twoDigits(jain) }));
  find("fair-hint").textContent = words.join(" ");
  find("fair").hidden = !deciles;
  if (deciles) find("fair").replaceChildren(strip(find("fair"), deciles, share));
}

// Each grey dot is a tenth of the drivers, without a name; the green one is the reader.
function strip(box, deciles, own) {
  const width = Math.max(240, box.clientWidth);
  const low = Math.max(0, Math.floor((Math.min(...deciles, own) - 0.02) * 20) / 20);
  const x = (share) => 14 + ((share - low) / (1 - low)) * (width - 28);
  const svg = shape("svg", { viewBox: `0 0 ${width} 74`, role: "img", "aria-label": fill(gettext("You: %(share)s"), { share: percent(own) }) });
  svg.append(
    shape("line", { class: "axis", x1: 14, x2: width - 14, y1: 44, y2: 44 }),
    shape("line", { class: "middle", x1: x(deciles[0]), x2: x(deciles[8]), y1: 44, y2: 44 }),
  );
  for (const share of deciles) svg.append(shape("circle", { class: "neighbour", cx: x(share), cy: 44, r: 3.5 }));
  const at = x(own);
  const anchor = anchorAt(at, 60, width - 60);
  svg.append(
    shape("circle", { class: "mine", cx: at, cy: 44, r: 9 }),
    text(fill(gettext("You: %(share)s"), { share: percent(own) }), Math.min(Math.max(at, 4), width - 4), 24, anchor, "mine-word"),
    text(percent(low), 14, 70, "start"),
    text(percent(1), width - 14, 70, "end"),
  );
  return svg;
}

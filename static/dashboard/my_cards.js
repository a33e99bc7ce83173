// The driver's own cards, and the spaces that are kept for somebody: which are open to this driver, and when.
import { call } from "./my_api.js";
import { dateOf, element } from "./format.js";
import { fill, gettext } from "./say.js";

export function cards(find, context) {
  let rows = [];

  async function load() {
    const found = await call("GET", `/drivers/cards?driver=${context.driver().id}&limit=50`);
    if (found.ok) rows = found.data.results;
    draw();
  }

  function draw() {
    const items = rows.map(line);
    find("cards").replaceChildren(...(items.length ? items : [element("li", { class: "empty-words" }, gettext("No card yet. Ask the managers for one."))]));
  }

  function line(card) {
    const words = [card.card];
    if (card.blocked_at) words.push(fill(gettext("blocked since %(date)s"), { date: dateOf(card.blocked_at, context.zone()) }));
    if (card.expires_at) words.push(fill(gettext("until %(time)s"), { time: dateOf(card.expires_at, context.zone()) }));
    const name = card.name || gettext("Card");
    const item = element("li", {}, element("b", {}, name), element("small", {}, words.join(" · ")));
    const rename = element("button", { type: "button", class: "quiet" }, gettext("Name"));
    rename.addEventListener("click", () => ask(item, card));
    const acts = element("div", { class: "row" }, rename);
    item.append(acts);
    if (!card.blocked_at) {
      const lost = element("button", { type: "button", class: "quiet" }, gettext("Lost"));
      lost.addEventListener("click", () => confirmLost(item, card));
      acts.append(lost);
    }
    return item;
  }

  // What it does is said before it is done.
  function confirmLost(item, card) {
    const yes = element("button", { type: "button" }, gettext("Block this card"));
    const no = element("button", { type: "button", class: "quiet" }, gettext("Keep it"));
    yes.addEventListener("click", async () => {
      yes.disabled = true;
      keep(item, await call("POST", `/drivers/cards/${card.id}/lost`));
    });
    no.addEventListener("click", draw);
    item.replaceChildren(
      element("p", {}, gettext("The card is refused at every charger from now on. Only a manager can let it in again.")),
      element("div", { class: "row" }, yes, no),
    );
    yes.focus();
  }

  function ask(item, card) {
    const field = element("input", { type: "text", maxlength: "40", value: card.name, "aria-label": gettext("Name of the card") });
    const done = element("button", { type: "submit" }, gettext("Save"));
    const form = element("form", { class: "row" }, field, done);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      done.disabled = true;
      keep(item, await call("PATCH", `/drivers/cards/${card.id}`, { name: field.value }));
    });
    item.replaceChildren(form);
    field.focus();
  }

  function keep(item, answer) {
    if (answer.ok) {
      rows = rows.map((row) => (row.id === answer.data.id ? answer.data : row));
      draw();
    } else {
      item.append(element("p", { role: "alert" }, answer.words));
      item.querySelectorAll("button").forEach((button) => { button.disabled = false; });
    }
  }
  return { load };
}

export function drawOwnSpaces(find, spaces) {
  const kept = spaces.filter((space) => space.access.length);
  find("own-spaces-box").hidden = !kept.length;
  find("own-spaces").replaceChildren(...kept.map((space) => element(
    "li",
    {},
    element("b", {}, space.name),
    element("span", {}, space.open_to_me ? gettext("open to you now") : gettext("not open to you now")),
    element("small", {}, space.access.join(" ")),
  )));
}

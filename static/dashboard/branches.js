// Below each circuit of the tree the spaces that hang on it: what flows, the limit, and what is reserved for whom.
import { amps, element, kilo } from "./format.js";
import { fill, gettext, stateWord } from "./say.js";

export function drawBranches(root, rows) {
  for (const node of root.children) {
    const mine = rows.filter((row) => row.circuit_id === node.dataset.id);
    const key = JSON.stringify(mine);
    const list = node.querySelector(".branches");
    if (list?.dataset.key === key) continue;
    list?.remove();
    if (mine.length) node.append(element("ul", { class: "branches", "data-key": key }, ...mine.map(draw)));
  }
}

function draw(row) {
  const head = [
    row.admin_url ? element("a", { href: row.admin_url }, row.space) : element("b", {}, row.space),
    element("span", { class: "state", "data-state": row.state }, stateWord(row.state)),
  ];
  return element("li", {}, element("div", {}, ...head), element("div", {}, loadOf(row)), element("div", { class: "why" }, row.why));
}

export function loadOf(row) {
  const parts = [];
  if (row.power_w) parts.push(`${kilo(row.power_w)} kW`);
  if (row.limit_ma !== null) parts.push(fill(gettext("limit %(amps)s A"), { amps: amps(row.limit_ma) }));
  if (row.reserved_ma) parts.push(reserved(row));
  return parts.join(", ");
}

function reserved(row) {
  const facts = { amps: amps(row.reserved_ma), driver: row.driver };
  return fill(row.driver ? gettext("%(amps)s A reserved for %(driver)s") : gettext("%(amps)s A reserved"), facts);
}

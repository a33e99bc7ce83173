// Months on statements, each with its files.
import { call } from "./my_api.js";
import { element, money } from "./format.js";
import { fill, gettext } from "./say.js";

const FORMS = ["pdf", "xlsx", "csv"];

export function statements(find, context) {
  async function load() {
    const page = await call("GET", `/pricing/statements?state=issued&limit=36`);
    const rows = page.ok ? page.data.results : [];
    find("statements-box").hidden = rows.length === 0;
    find("statements").replaceChildren(...rows.map((row) => line(row)));
  }

  return {
    open() {
      load();
      proofs(find, context);
    },
  };
}

function line(row) {
  const links = FORMS.map((form) => element("a", { class: "link", href: `/pricing/statements/${row.id}/${form}`, download: "" }, form.toUpperCase()));
  const saved = row.saved_minor > 0 ? fill(gettext("saved: %(sum)s"), { sum: money(row.saved_minor, row.currency, 2) }) : "";
  const words = row.open_minor > 0 ? fill(gettext("open: %(sum)s"), { sum: money(row.open_minor, row.currency, 2) }) : "";
  return element(
    "li",
    {},
    element("span", { class: "of-month" }, `${row.month.slice(0, 7)} · ${row.label}`),
    element("b", {}, money(row.total_minor, row.currency, 2)),
    element("small", {}, [row.kind === "credit" ? gettext("Credit note") : "", words, saved].filter(Boolean).join(" · ")),
    element("span", { class: "files" }, ...links),
  );
}

// For an employer: what each own car charged.
function proofs(find, context) {
  const cars = context.vehicles();
  find("proofs").replaceChildren(
    ...cars.map((car) => element("li", {}, element("a", { class: "link", href: `/pricing/proofs/${car.id}`, download: "" }, fill(gettext("Proof of charging: %(car)s"), { car: car.name })))),
  );
}

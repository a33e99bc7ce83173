import assert from "node:assert/strict";
import test from "node:test";

import { openPage } from "./page.js";

openPage();
const { shownOf } = await import("../../../static/dashboard/my_months.js");

const month = (first, changes = {}) => ({ first, stays: 0, energy_wh: 0, cost_minor: null, settled: 0, kept: 0, carbon_g: null, carbon_wh: 0, ...changes });

test("months before the first stay are left out, later ones without a stay are not", () => {
  const told = { currency: "EUR", months: [month("2026-01-01"), month("2026-02-01", { stays: 2, energy_wh: 9_000 }), month("2026-03-01")] };
  assert.deepEqual(shownOf(told).months.map((row) => row.first), ["2026-02-01", "2026-03-01"]);
  assert.deepEqual(shownOf({ currency: "EUR", months: [month("2026-01-01")] }).months, []);
});

test("what no month knows is no chart", () => {
  const known = { stays: 1, energy_wh: 9_000, settled: 4, kept: 3 };
  const { kinds, months } = shownOf({ currency: "EUR", months: [month("2026-02-01", known)] });
  assert.deepEqual(kinds.map((kind) => [kind.name, kind.words(kind.of(months[0]))]), [["Energy", "9.0 kWh"], ["Ready on time", "75%"]]);
});

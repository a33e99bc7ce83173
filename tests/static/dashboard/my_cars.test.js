import assert from "node:assert/strict";
import test from "node:test";

import { openPage } from "./page.js";

openPage();
const { lostWh } = await import("../../../static/dashboard/my_cars.js");

test("stopping loses what was promised and is not in the car", () => {
  assert.equal(lostWh({ promised_wh: 20_000, energy_wh: 7_500 }), 12_500);
  assert.equal(lostWh({ promised_wh: 20_000, energy_wh: 19_950 }), 0);
  assert.equal(lostWh({ promised_wh: null, energy_wh: 7_500 }), 0);
});

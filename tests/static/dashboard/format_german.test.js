import assert from "node:assert/strict";
import test from "node:test";

import { openPage } from "./page.js";

openPage("de");
const format = await import("../../../static/dashboard/format.js");

test("numbers have a decimal comma", () => {
  assert.equal(format.kilo(7_360), "7,4");
  assert.equal(format.twoDigits(1.5), "1,50");
  assert.equal(format.percent(0.42), "42\u00a0%");
});

test("money is written after its number", () => {
  assert.equal(format.money(3_210, "EUR", 2), "32,10\u00a0€");
});

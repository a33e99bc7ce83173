import assert from "node:assert/strict";
import test from "node:test";

import { openPage } from "./page.js";

openPage();
const format = await import("../../../static/dashboard/format.js");

test("currents are told in amperes, power and energy in thousands", () => {
  assert.equal(format.amps(16_000), "16");
  assert.equal(format.amps(6_500), "6.5");
  assert.equal(format.kilo(7_360), "7.4");
  assert.equal(format.kilo(11_000), "11.0");
  assert.equal(format.plainKilo(11_000), "11");
  assert.equal(format.whole(43_600), "44");
});

test("money has the digits that its use needs", () => {
  assert.equal(format.money(3_210, "EUR", 2), "€32.10");
  assert.equal(format.money(28.45, "EUR"), "€0.285");
  assert.equal(format.money(120, "JPY", 0), "JP¥120");
});

test("a time of another day says which day", () => {
  const clock = format.clock("Europe/Berlin");
  const now = Date.now();
  assert.match(clock.moment(now), /^\d\d:\d\d$/);
  assert.match(clock.moment(now + 2 * 86_400_000), /^[A-Z][a-z]{2} \d\d:\d\d$/);
  assert.equal(clock.time("2026-01-15T11:30:00Z"), "12:30");
});

test("durations change their unit where the smaller one says nothing", () => {
  assert.equal(format.duration(-3), "0 s");
  assert.equal(format.duration(89), "89 s");
  assert.equal(format.duration(90), "2 min");
  assert.equal(format.duration(5_399), "1 h 30 min");
  assert.equal(format.duration(86_400), "24 h 0 min");
});

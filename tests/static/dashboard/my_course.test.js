import assert from "node:assert/strict";
import test from "node:test";

import { openPage } from "./page.js";

openPage();
const { courseWords, priceRange, windowsOf } = await import("../../../static/dashboard/my_course.js");

const clock = { moment: (at) => new Date(at).toISOString().slice(11, 16), time: (at) => new Date(at).toISOString().slice(11, 16) };
const stretch = (from, to, power_w = 3680) => ({ begins_at: `2026-03-01T${from}:00Z`, ends_at: `2026-03-01T${to}:00Z`, power_w });
const course = (...stretches) => ({ is_known: true, cost_minor: 320, currency: "EUR", stretches });

test("stretches that follow each other are one window, whatever their power", () => {
  assert.equal(windowsOf([stretch("20:00", "21:00"), stretch("21:00", "22:00", 1380), stretch("22:15", "23:00")]).length, 1);
  assert.equal(windowsOf([stretch("20:00", "21:00"), stretch("21:30", "22:00")]).length, 2);
});

test("a course says from when to when and at what price", () => {
  assert.equal(courseWords(course(stretch("20:00", "23:15")), clock), "Charges 20:00 to 23:15. About €3.20.");
  assert.equal(courseWords({ ...course(stretch("20:00", "23:15")), cost_minor: null }, clock), "Charges 20:00 to 23:15.");
});

test("two windows are both told, more as one with breaks", () => {
  const [one, two, three] = [stretch("18:00", "19:00"), stretch("20:00", "21:00"), stretch("22:00", "23:00")];
  assert.match(courseWords(course(one, two), clock), /^Charges 18:00 to 19:00 and 20:00 to 21:00\./);
  assert.match(courseWords(course(one, two, three), clock), /^Charges between 18:00 and 23:00, with breaks\./);
});

test("what nobody can foresee is not told, and no power is", () => {
  assert.equal(courseWords(null, clock), "");
  assert.equal(courseWords({ ...course(), is_known: false }, clock), "");
  assert.match(courseWords(course(), clock), /^No power is expected/);
});

test("the key of the picture tells the prices of the hours that are drawn", () => {
  const told = { per_mwh_minor: [10_000, 20_000, 31_000], currency: "EUR", start: "2026-03-01T20:00:00Z", step_s: 3600 };
  const [from, to] = ["2026-03-01T21:00:00Z", "2026-03-01T23:00:00Z"].map(Date.parse);
  assert.equal(priceRange(told, from, to), "€0.20 to €0.31");
  assert.equal(priceRange(told, from, from + 3600_000), "€0.20");
  assert.equal(priceRange(told, to, to + 3600_000), "");
  assert.equal(priceRange(null, from, to), "");
});

import assert from "node:assert/strict";
import test from "node:test";

import { daysFrom, minutesOf, morning, timeOf } from "../../../static/dashboard/mornings.js";

const BERLIN = "Europe/Berlin";
const at = (text) => Date.parse(text);

test("a charge planned in the evening is for the next morning, at night for the same", () => {
  assert.equal(morning(at("2026-11-29T19:00+01:00"), BERLIN), "2026-11-30");
  assert.equal(morning(at("2026-11-29T23:59+01:00"), BERLIN), "2026-11-30");
  assert.equal(morning(at("2026-11-30T03:00+01:00"), BERLIN), "2026-11-30");
});

test("a morning by which nothing more fits is not offered", () => {
  assert.equal(morning(at("2026-11-30T03:01+01:00"), BERLIN), "2026-12-01");
  assert.equal(morning(at("2026-11-30T04:33+01:00"), BERLIN), "2026-12-01");
  assert.equal(morning(at("2026-11-30T07:00+01:00"), BERLIN), "2026-12-01");
});

test("the evening before a day of 23 hours has the next morning too", () => {
  assert.equal(morning(at("2027-03-27T19:30+01:00"), BERLIN), "2027-03-28");
  assert.equal(morning(at("2027-03-28T19:30+02:00"), BERLIN), "2027-03-29");
});

test("dates follow each other by the calendar", () => {
  assert.deepEqual(daysFrom("2026-12-30", 3), ["2026-12-30", "2026-12-31", "2027-01-01"]);
});

test("whoever usually leaves in the evening is offered the next evening by which a charge fits", () => {
  assert.equal(morning(at("2026-11-30T10:00+01:00"), BERLIN, "18:00"), "2026-11-30");
  assert.equal(morning(at("2026-11-30T15:00+01:00"), BERLIN, "18:00"), "2026-12-01");
  assert.equal(morning(at("2026-11-30T21:00+01:00"), BERLIN, "18:00"), "2026-12-01");
});

test("a time of day is minutes after midnight, and no time is none", () => {
  assert.deepEqual(["00:00", "07:05", "23:59", ""].map(minutesOf), [0, 425, 1439, null]);
  assert.deepEqual([0, 425, 1439, null].map(timeOf), ["00:00", "07:05", "23:59", ""]);
});

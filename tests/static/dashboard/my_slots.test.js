import assert from "node:assert/strict";
import test from "node:test";

import { openPage } from "./page.js";

openPage();
const { answer } = await import("../../../static/dashboard/my_slots.js");

const clock = { moment: (at) => at.slice(11, 16) };
const slot = { state: "promised", promised_wh: 20_000, energy_wh: 20_000, ready_by: "2026-03-02T06:00:00Z" };

test("a promise names energy and time", () => {
  assert.equal(answer(slot, clock).head, "20.0 kWh by 06:00");
});

test("a promise in part names both amounts and why", () => {
  const partly = { ...slot, state: "partly_promised", promised_wh: 12_500, why: "Others came first" };
  assert.deepEqual(answer(partly, clock), { head: "12.5 of 20.0 kWh by 06:00", words: "Others came first." });
});

test("a wish in the queue says from when there is power, where that is known", () => {
  const queued = { ...slot, state: "queued", promised_wh: 0 };
  assert.match(answer({ ...queued, offer: { expected_start: "2026-03-02T02:30:00Z" } }, clock).words, /from about 02:30\.$/);
  assert.doesNotMatch(answer(queued, clock).words, /\d\d:\d\d/);
});

test("what is left of a broken promise comes before its state", () => {
  assert.match(answer({ ...slot, expected_wh: 8_000 }, clock).head, /^About 8\.0 of the promised 20\.0 kWh/);
});

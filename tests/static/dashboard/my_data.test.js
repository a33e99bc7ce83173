import assert from "node:assert/strict";
import test from "node:test";

import { openPage } from "./page.js";

openPage();
const { about, counts } = await import("../../../static/dashboard/my_data.js");

test("what is stored is counted by kind, in words, without what is empty", () => {
  const data = { exported_at: "2026-11-30", driver: {}, sessions: [{}, {}], waivers: [], odd: [{}] };
  assert.deepEqual(counts(data), [["Charging sessions", "2"], ["odd", "1"]]);
});

test("a person is shown the own facts that are there", () => {
  const driver = { name: "Ada", email: "ada@example.org", unit: "" };
  assert.deepEqual(about({ driver, account: { username: "ada", email: "" } }), [
    ["Name", "Ada"],
    ["User name", "ada"],
    ["E-mail address", "ada@example.org"],
  ]);
});

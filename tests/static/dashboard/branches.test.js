import assert from "node:assert/strict";
import test from "node:test";

import { openPage } from "./page.js";

openPage();
const { loadOf } = await import("../../../static/dashboard/branches.js");

const idle = { power_w: 0, limit_ma: null, reserved_ma: 0, driver: null };

test("a space says what flows, its limit, and what is reserved for whom", () => {
  const busy = { power_w: 6210, limit_ma: 9000, reserved_ma: 10000, driver: "Amara Okafor" };
  assert.equal(loadOf(busy), "6.2 kW, limit 9 A, 10 A reserved for Amara Okafor");
  assert.equal(loadOf({ ...idle, reserved_ma: 16000 }), "16 A reserved");
  assert.equal(loadOf(idle), "");
});

import assert from "node:assert/strict";
import test from "node:test";

import { anchorAt, pointAt } from "../../../static/dashboard/svg.js";

test("a text at an edge grows into the picture", () => {
  assert.deepEqual([59, 60, 240, 241].map((x) => anchorAt(x, 60, 240)), ["start", "middle", "middle", "end"]);
});

test("a pointer reads the last value before it", () => {
  const points = [[10, "18:00"], [20, "18:05"]];
  assert.equal(pointAt(points, 19.9)[1], "18:00");
  assert.equal(pointAt(points, 20)[1], "18:05");
  assert.equal(pointAt(points, 0)[1], "18:00");
});

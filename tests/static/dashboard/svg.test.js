import assert from "node:assert/strict";
import test from "node:test";

import { anchorAt } from "../../../static/dashboard/svg.js";

test("a text at an edge grows into the picture", () => {
  assert.deepEqual([59, 60, 240, 241].map((x) => anchorAt(x, 60, 240)), ["start", "middle", "middle", "end"]);
});

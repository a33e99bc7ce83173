import assert from "node:assert/strict";
import test from "node:test";

import { openPage } from "./page.js";

openPage();
const { withNews } = await import("../../../static/dashboard/live.js");

const rows = [{ id: "a", position: 0 }, { id: "b", position: 1 }];

test("an event replaces a section whole, and of the rows those that differ", () => {
  assert.deepEqual(withNews({ bars: [1], rows }, "bars", [2]), { bars: [2], rows });
  const changed = [{ id: "b", position: 1, power_w: 5 }, { id: "c", position: 0.5 }];
  const news = withNews({ rows }, "rows", { changed, gone: ["a"] });
  assert.deepEqual(news.rows, [changed[1], changed[0]]);
});

test("a section that the viewer has no part of is left out", () => {
  assert.deepEqual(withNews({ bars: [] }, "cut", {}), { bars: [] });
});

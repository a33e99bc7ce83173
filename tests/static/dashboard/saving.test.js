import assert from "node:assert/strict";
import test from "node:test";

import { openPage } from "./page.js";

openPage();
const { savedOf, savedWords } = await import("../../../static/dashboard/saving.js");
const stay = (saved_minor) => ({ saving: { saved_minor } });

test("what was saved, lost or neither is said in its own words", () => {
  assert.equal(savedWords(stay(132), "EUR"), "You saved €1.32 against charging at once.");
  assert.equal(savedWords(stay(-40), "EUR"), "Charging at once would have cost €0.40 less.");
  assert.equal(savedWords(stay(0), "EUR"), "Charging at once would have cost the same.");
});

test("without a price nothing is said", () => {
  assert.equal(savedOf({ saving: null }), null);
  assert.equal(savedOf(stay(null)), null);
  assert.equal(savedWords({ saving: null }, "EUR"), "");
});

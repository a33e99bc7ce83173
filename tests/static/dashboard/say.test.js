import assert from "node:assert/strict";
import test from "node:test";

import { openPage } from "./page.js";

openPage();
globalThis.gettext = (words) => (words === "charging" ? "lädt" : words);
const say = await import("../../../static/dashboard/say.js");

test("blanks are filled by their names, and a doubled per cent sign is one", () => {
  assert.equal(say.fill("%(a)s of %(b)s: 80 %%", { b: 2, a: 1 }), "1 of 2: 80 %");
  assert.equal(say.fill("nothing to fill"), "nothing to fill");
});

test("a value that looks like a blank is not filled again", () => {
  assert.equal(say.fill("%(name)s", { name: "%(name)s" }), "%(name)s");
});

test("states are in the reader's language, and an unknown one stays as it is", () => {
  assert.equal(say.stateWord("charging"), "lädt");
  assert.equal(say.stateWord("levitating"), "levitating");
});

// A stay against the same energy drawn at once.
import { money } from "./format.js";
import { fill, gettext } from "./say.js";

// Minor units, below zero where charging at once would have cost less; null where a price is not known.
export const savedOf = (stay) => stay.saving?.saved_minor ?? null;

export function savedWords(stay, currency) {
  const saved = savedOf(stay);
  if (saved === null) return "";
  if (saved === 0) return gettext("Charging at once would have cost the same.");
  const words = { sum: money(Math.abs(saved), currency, 2) };
  return saved > 0
    ? fill(gettext("You saved %(sum)s against charging at once."), words)
    : fill(gettext("Charging at once would have cost %(sum)s less."), words);
}

// A price that follows the market, as a sum: market + grid + scarcity + tax.
import { money } from "./format.js";
import { fill, gettext } from "./say.js";

const words = () => ({
  market: gettext("market"),
  grid: gettext("grid"),
  levies: gettext("levies"),
  scarcity: gettext("scarcity"),
  carbon: gettext("carbon"),
  tax: gettext("tax"),
  limit: gettext("floor or ceiling"),
});

// Parts are in minor units per MWh. What adds nothing is left out, and the market never is.
export function sumOf(parts, currency) {
  if (!parts) return "";
  const names = words();
  const shown = Object.keys(names).filter((name) => name === "market" || parts[name] !== 0);
  const terms = shown.map((name, index) => {
    const sign = parts[name] < 0 ? "−" : "+";
    const lead = index || parts[name] < 0 ? `${sign} ` : "";
    return `${lead}${names[name]} ${money(Math.abs(parts[name]) / 1000, currency)}`;
  });
  const sum = terms.join(" ");
  return parts.is_fallback ? fill(gettext("%(sum)s (the market is silent: its fallback price counts)"), { sum }) : sum;
}

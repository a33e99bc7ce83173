// Sentences that the server stored in English, told again in the reader's language. What is not known stays as it is.
import { fill, gettext, gettext_noop } from "./say.js";

const SENTENCES = [
  gettext_noop("Emergency: %(state)s. %(rest)s"),
  gettext_noop("The time it is needed by has passed."),
  gettext_noop("The car is not plugged in at a charger of this community."),
  gettext_noop("%(used)s of %(all)s emergencies of this month are used."),
  gettext_noop("%(km)s km need about %(energy)s kWh."),
  gettext_noop("The car holds %(pct)s % already."),
  gettext_noop("The battery has room for %(energy)s kWh."),
  gettext_noop("The charge in the car covers the need already."),
  gettext_noop("A manager confirms each emergency here."),
  gettext_noop("%(count)s strikes are on record, so a manager decides."),
  gettext_noop("Nobody decided in time"),
  gettext_noop("By the house rules, without a manager."),
  gettext_noop("Served"),
  gettext_noop("Its time is over"),
  gettext_noop("The session ended"),
  gettext_noop("waiting for a manager"),
  gettext_noop("accepted"),
  gettext_noop("refused"),
  gettext_noop("revoked"),
  gettext_noop("done"),
];

const PATTERNS = SENTENCES.map((words) => ({ words, names: [...words.matchAll(/%\((\w+)\)s/g)].map(([, name]) => name), pattern: pattern(words) }));

export function retell(text) {
  const known = whole(text);
  if (known !== null) return known;
  return text.split(/(?<=\.) /).map((sentence) => whole(sentence) ?? sentence).join(" ");
}

function whole(text) {
  for (const { words, names, pattern: like } of PATTERNS) {
    const found = like.exec(text);
    if (found) {
      const values = Object.fromEntries(names.map((name, index) => [name, name === "rest" ? retell(found[index + 1]) : whole(found[index + 1]) ?? found[index + 1]]));
      return fill(gettext(words), values).trim();
    }
  }
  return null;
}

function pattern(words) {
  const literal = words.split(/%\(\w+\)s/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  // The last blank may stand for nothing, an inner one for a word or a number. A state may begin with a capital.
  return new RegExp(`^${literal.join("(.+?)").replace(/ ?\(\.\+\?\)$/, "(?: (.*))?")}$`, "i");
}

// Words in the reader's language. Django's catalog (/words.js) is loaded before; without it everything is English.
export const gettext = globalThis.gettext ?? ((words) => words);
export const ngettext = globalThis.ngettext ?? ((one, many, count) => (count === 1 ? one : many));
// Marks words for translation that are looked up later.
export const gettext_noop = (words) => words;
export const LANGUAGE = document.documentElement.lang;

// "%(a)s of %(b)s" with { a, b }; "%%" is a per cent sign.
export function fill(words, values = {}) {
  return words.replace(/%(?:\((\w+)\)s|%)/g, (_, name) => (name === undefined ? "%" : String(values[name])));
}

// The one vocabulary of states. The English word is the state's name everywhere.
const STATES = {
  available: gettext("available"),
  reserved: gettext("reserved"),
  "plugged in": gettext("plugged in"),
  waiting: gettext("waiting"),
  charging: gettext("charging"),
  paused: gettext("paused"),
  full: gettext("full"),
  emergency: gettext("emergency"),
  "not obeying": gettext("not obeying"),
  faulted: gettext("faulted"),
  offline: gettext("offline"),
  planned: gettext("planned"),
  unmanaged: gettext("unmanaged"),
};

export const stateWord = (state) => STATES[state] ?? state;

// Numbers and times as people read them. Currents are A per phase, the transformer's load kVA, a car's power kW.
import { LANGUAGE, fill, gettext } from "./say.js";

// English as in the back office: the day first, the clock to 24.
const LOCALE = LANGUAGE === "en" ? "en-GB" : LANGUAGE;
const plain = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 1 });
const oneDigit = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const amps = (ma) => plain.format(ma / 1000);
export const kilo = (value) => oneDigit.format(value / 1000);
export const plainKilo = (value) => plain.format(value / 1000);
export const kwh = (energyWh) => `${plainKilo(energyWh)} kWh`;
export const whole = (value) => plain.format(Math.round(value / 1000));

// A price of a kWh has three digits where it needs them; an amount has two.
export function money(minor, currency, digits = 3) {
  const format = new Intl.NumberFormat(LOCALE, { style: "currency", currency, maximumFractionDigits: digits });
  return format.format(minor / (currency === "JPY" ? 1 : 100));
}

export function clock(timeZone) {
  const time = new Intl.DateTimeFormat(LOCALE, { timeZone, hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(LOCALE, { timeZone, weekday: "short" });
  return {
    time: (at) => time.format(new Date(at)),
    // A time on another day says which.
    moment(at) {
      const then = new Date(at);
      const soon = day.format(then) === day.format(new Date());
      return soon ? time.format(then) : `${day.format(then)} ${time.format(then)}`;
    },
  };
}

export function dateOf(at, timeZone) {
  return new Intl.DateTimeFormat(LOCALE, { timeZone, weekday: "short", day: "numeric", month: "short" }).format(new Date(at));
}

export function percent(share) {
  return new Intl.NumberFormat(LOCALE, { style: "percent" }).format(share);
}

export const twoDigits = (value) => new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);

export function duration(seconds) {
  const left = Math.max(0, Math.round(seconds));
  if (left < 90) return fill(gettext("%(count)s s"), { count: left });
  const minutes = Math.round(left / 60);
  if (minutes < 90) return fill(gettext("%(count)s min"), { count: minutes });
  return fill(gettext("%(hours)s h %(minutes)s min"), { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Numbers and times as people read them. Currents are A per phase, the transformer's load kVA, a car's power kW.
const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const oneDigit = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const amps = (ma) => plain.format(ma / 1000);
export const kilo = (value) => oneDigit.format(value / 1000);
export const plainKilo = (value) => plain.format(value / 1000);
export const whole = (value) => plain.format(Math.round(value / 1000));

export function money(minor, currency) {
  const format = new Intl.NumberFormat("en", { style: "currency", currency, maximumFractionDigits: 3 });
  const digits = format.resolvedOptions().currency === "JPY" ? 1 : 100;
  return format.format(minor / digits);
}

export function clock(timeZone) {
  const time = new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", minute: "2-digit" });
  const day = new Intl.DateTimeFormat("en-GB", { timeZone, weekday: "short" });
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

export function duration(seconds) {
  const left = Math.max(0, Math.round(seconds));
  if (left < 90) return `${left} s`;
  const minutes = Math.round(left / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

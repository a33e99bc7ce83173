// The day and time at a place, and the morning by which a driver wants the car who doesn't say more.

export const MORNING = "07:00";
const DAY_MS = 86400000;
const CHARGES_MS = 4 * 3600000; // so long one phase of 32 A takes for the usual wish, with an hour to spare

// The date of the first morning (or other time of day) that leaves time to charge.
export function morning(now, timeZone, by = MORNING) {
  const soon = local(now + CHARGES_MS, timeZone);
  return soon.time <= by ? soon.date : daysFrom(soon.date, 2)[1];
}

// "07:30" as minutes after midnight, and back. Nothing is null.
export const minutesOf = (time) => (time ? Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5)) : null);
export const timeOf = (minutes) => (minutes === null ? "" : [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":"));

// So many dates in a row, by the calendar: a day in which the clocks change has 23 or 25 hours.
export function daysFrom(date, count) {
  return [...Array(count).keys()].map((day) => new Date(Date.parse(date) + day * DAY_MS).toISOString().slice(0, 10));
}

// Swedish writes dates as ISO does.
export function local(at, timeZone) {
  const form = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "short" });
  const [date, time] = form.format(new Date(at)).split(" ");
  return { date, time };
}

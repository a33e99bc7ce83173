// Everything that is stored of the driver: how much of what, all of it as a file, and its end.
import { call } from "./my_api.js";
import { element } from "./format.js";
import { gettext } from "./say.js";

const KINDS = {
  memberships: gettext("Memberships"),
  groups: gettext("Groups"),
  id_tags: gettext("Cards"),
  vehicles: gettext("Cars"),
  vehicle_readings: gettext("Readings of cars"),
  smartcar_connections: gettext("Links to cars"),
  sessions: gettext("Charging sessions"),
  signed_meter_values: gettext("Signed meter values"),
  price_choices: gettext("Choices of a price"),
  bill_lines: gettext("Lines of bills"),
  load_profiles: gettext("Courses of charging"),
  waivers: gettext("Waived fees"),
  statements: gettext("Statements"),
  mandates: gettext("Direct debit mandates"),
  wallet_entries: gettext("Entries of the balance"),
  slot_requests: gettext("Bookings"),
  emergencies: gettext("Emergencies"),
  fairness_entries: gettext("Entries of the fairness account"),
  habit: gettext("What was learnt about me"),
  findings: gettext("Findings"),
  strikes: gettext("What counts against me"),
  notifications: gettext("News"),
  preferences: gettext("Preferences"),
  push_subscriptions: gettext("Browsers that show messages"),
  webhooks: gettext("Webhooks"),
  calendar_feed: gettext("Calendar addresses"),
  invitations: gettext("Invitations"),
  alarm_channels: gettext("Channels for alarms"),
};

export function personalData(find, context) {
  const path = () => `/drivers/data?community=${context.driver().community_id}`;
  const form = find("erase");
  const see = find("data-see");

  function load() {
    find("data-file").href = path();
  }

  async function show() {
    const found = await call("GET", path());
    const rows = found.ok ? [...about(found.data), ...counts(found.data)] : [[found.words, ""]];
    find("data-kinds").replaceChildren(...rows.map(line));
  }

  see.addEventListener("toggle", () => see.open && show());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const pressed = form.querySelector("[type=submit]");
    const said = find("erase-said");
    said.textContent = "";
    pressed.disabled = true;
    const done = await call("POST", path(), { password: form.elements.password.value });
    pressed.disabled = false;
    if (done.ok) location.replace("/my"); // which asks to sign in, where nothing of the account is left
    else said.textContent = done.words;
  });
  return { load };
}

// What the driver's own record and account say, as pairs of a word and a value.
export function about({ driver, account }) {
  return [
    [gettext("Name"), driver.name],
    [gettext("User name"), account?.username],
    [gettext("E-mail address"), account?.email || driver.email],
    [gettext("Flat or space"), driver.unit],
  ].filter(([, value]) => value);
}

// Kinds of which something is stored, and how much; a kind without a word keeps its name in the file.
export function counts(data) {
  const lists = Object.entries(data).filter(([, rows]) => Array.isArray(rows) && rows.length);
  return lists.map(([kind, rows]) => [KINDS[kind] ?? kind, String(rows.length)]);
}

const line = ([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value));

// The secret address of the own slots' calendar: made, shown once, ended.
import { call } from "./my_api.js";
import { gettext } from "./say.js";

export function calendar(find, context) {
  const path = () => `/drivers/calendar?community=${context.driver().community_id}`;

  async function load() {
    const feed = await call("GET", path());
    if (feed.ok) find("calendar-end").hidden = !feed.data.is_open;
  }

  function show(words, url = "") {
    find("calendar-words").textContent = words;
    find("calendar-words").hidden = words === "";
    find("calendar-link").textContent = url;
    find("calendar-link").href = url;
    find("calendar-address").hidden = url === "";
  }

  find("calendar-make").addEventListener("click", async () => {
    const made = await call("POST", path());
    if (made.ok) show(gettext("Copy it now: it is shown only once."), made.data.url);
    else show(made.words);
    await load();
  });
  find("calendar-end").addEventListener("click", async () => {
    const ended = await call("DELETE", path());
    show(ended.ok ? gettext("The address no longer works.") : ended.words);
    await load();
  });
  return { load };
}

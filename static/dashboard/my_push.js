// Messages in this browser, also while the page is closed: switched on, tried and switched off.
import { call } from "./my_api.js";
import { canPush, current, digestOf, subscribe } from "./push.js";
import { gettext } from "./say.js";

export function pushes(find) {
  const box = find("push-box");
  const key = box?.dataset.key ?? "";
  let mine = null; // this browser's row on the server

  async function load() {
    if (!box || !canPush()) return say(box ? gettext("This browser can't show messages of pages.") : "");
    const here = await current();
    const found = await call("GET", "/drivers/push?limit=50");
    const digest = here ? await digestOf(here.endpoint) : null;
    if (found.ok) mine = found.data.results.find((row) => row.digest === digest && row.is_for_news) ?? null;
    // Its keys may have changed since.
    if (mine) await call("POST", "/drivers/push", { endpoint: here.endpoint, keys: here.keys });
    return draw();
  }

  function draw(words = "") {
    find("push-on").hidden = mine !== null;
    find("push-off").hidden = mine === null;
    find("push-test").hidden = mine === null;
    say(words || (mine ? gettext("Messages are shown in this browser.") : ""));
  }

  function say(words) {
    if (box) find("push-said").textContent = words;
  }

  async function turnOn() {
    let here;
    try {
      here = await subscribe(key);
    } catch {
      return say(gettext("This browser reaches no push service."));
    }
    if (!here) return say(gettext("The browser does not allow it. Allow messages in its settings for this page."));
    const kept = await call("POST", "/drivers/push", { endpoint: here.endpoint, keys: here.keys });
    if (!kept.ok) return say(kept.words);
    mine = kept.data;
    return draw();
  }

  async function turnOff() {
    const ended = await call("DELETE", `/drivers/push/${mine.id}`);
    if (!ended.ok) return say(ended.words);
    mine = null;
    return draw(gettext("No more messages in this browser."));
  }

  async function test() {
    const sent = await call("POST", `/drivers/push/${mine.id}/test`);
    if (!sent.ok) return say(sent.words);
    return say(sent.data.is_taken ? gettext("Sent: it should appear in a moment.") : sent.data.outcome);
  }

  for (const [name, act] of [["push-on", turnOn], ["push-off", turnOff], ["push-test", test]]) {
    find(name)?.addEventListener("click", async (event) => {
      const pressed = event.currentTarget;
      pressed.disabled = true;
      await act();
      pressed.disabled = false;
    });
  }
  return { load };
}

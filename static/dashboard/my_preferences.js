// What the driver chose: the unit, the usual wish, which messages come by mail, when not, and in which language.
import { call } from "./my_api.js";
import { minutesOf, timeOf } from "./mornings.js";
import { gettext } from "./say.js";

export function preferences(find, context) {
  const form = find("preferences");
  const field = form.elements;
  const path = () => `/drivers/preferences?community=${context.driver().community_id}`;
  let isTouched = false;

  // A form that somebody is filling in stays as it is when the page is turned.
  async function load() {
    if (isTouched) return;
    const found = await call("GET", path());
    if (found.ok && !isTouched) draw(found.data);
  }

  function draw(chosen) {
    field.unit.value = chosen.shows_amps ? "a" : "kw";
    field.usual_kwh.value = chosen.usual_wh === null ? "" : chosen.usual_wh / 1000;
    field.usual_ready.value = timeOf(chosen.usual_ready_min);
    field.language.value = chosen.language;
    field.quiet_from.value = timeOf(chosen.quiet_from_min);
    field.quiet_until.value = timeOf(chosen.quiet_until_min);
    for (const box of boxes("mail_kinds")) box.checked = box.disabled || chosen.mail_kinds.includes(box.value);
    for (const box of boxes("push_kinds")) box.checked = box.disabled || chosen.push_kinds.includes(box.value);
    find("mail-address").textContent = context.driver().email || gettext("No e-mail address yet");
  }

  const boxes = (name) => [...form.querySelectorAll(`[name=${name}]`)];
  const ticked = (name) => boxes(name).filter((box) => box.checked).map((box) => box.value);

  function wishes() {
    return {
      mail_kinds: ticked("mail_kinds"),
      // Without web push there is nothing to tick, and what was chosen stays.
      ...(boxes("push_kinds").length ? { push_kinds: ticked("push_kinds") } : {}),
      quiet_from_min: minutesOf(field.quiet_from.value),
      quiet_until_min: minutesOf(field.quiet_until.value),
      language: field.language.value,
      shows_amps: field.unit.value === "a",
      usual_wh: field.usual_kwh.value ? Math.round(Number(field.usual_kwh.value) * 1000) : null,
      usual_ready_min: minutesOf(field.usual_ready.value),
    };
  }

  function say(words, isBad = false) {
    find("preferences-said").className = isBad ? "said bad" : "said";
    find("preferences-said").textContent = words;
  }

  form.addEventListener("input", () => {
    isTouched = true;
    say("");
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const pressed = form.querySelector("[type=submit]");
    pressed.disabled = true;
    const done = await call("PUT", path(), wishes());
    pressed.disabled = false;
    if (!done.ok) return say(done.words, true);
    isTouched = false;
    draw(done.data);
    context.chose(done.data);
    return say(gettext("Saved."));
  });
  return { load };
}

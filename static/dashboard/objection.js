// A word against something that was found or learnt, behind a line that opens.
import { call } from "./my_api.js";
import { element } from "./format.js";
import { button } from "./my_slots.js";
import { gettext } from "./say.js";

const LONGEST = 2000;

// `done` is called with the server's answer; an empty text and a refusal are said in place.
export function objectionForm({ id, title, question, submit, url, done }) {
  const text = element("textarea", { id, rows: 4, maxlength: LONGEST });
  const said = element("p", { class: "said bad", role: "alert" });
  const send = button("primary", submit, async () => {
    said.textContent = "";
    if (!text.value.trim()) {
      said.textContent = gettext("Describe what is wrong.");
      text.focus();
      return;
    }
    send.disabled = true;
    const answer = await call("POST", url, { text: text.value });
    send.disabled = false;
    if (answer.ok) done(answer.data);
    else said.textContent = answer.words;
  });
  return element(
    "details",
    { class: "more" },
    element("summary", {}, title),
    element("div", { class: "field" }, element("label", { for: id }, question), text),
    said,
    element("div", { class: "buttons" }, send),
  );
}

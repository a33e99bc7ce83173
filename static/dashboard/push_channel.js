// The back office's form of a channel for alarms: for web push this browser is asked, and what it answers goes with the form.
import { canPush, subscribe } from "./push.js";

const field = document.querySelector("[data-push-key]");
const form = field?.form;
// After a refusal it is asked again.
if (field) field.value = "";

form?.addEventListener("submit", async (event) => {
  if (form.elements.kind.value !== "push" || field.value) return;
  event.preventDefault();
  const pressed = event.submitter;
  // Without an answer the server says what is missing.
  const here = canPush() ? await subscribe(field.dataset.pushKey).catch(() => null) : null;
  field.value = JSON.stringify(here ? { endpoint: here.endpoint, keys: here.keys } : {});
  form.requestSubmit(pressed);
});

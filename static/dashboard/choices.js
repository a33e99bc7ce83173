// Fields of the back office that search while one types are named for who hears them, by the label that others see.
function nameChoices() {
  for (const box of document.querySelectorAll(".select2-selection:not([aria-label])")) {
    const field = box.closest(".select2-container")?.previousElementSibling;
    const label = field?.id ? document.querySelector(`label[for="${field.id}"]`) : null;
    if (!label) continue;
    const name = label.textContent.trim();
    box.setAttribute("aria-label", name);
    box.querySelector("[role=textbox]")?.setAttribute("aria-label", name);
  }
}

addEventListener("load", () => {
  nameChoices();
  new MutationObserver(nameChoices).observe(document.body, { childList: true, subtree: true });
});

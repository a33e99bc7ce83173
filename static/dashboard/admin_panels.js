// Panels of the back office that stay up to date, and pictures that name their values.
import "./pointer.js";

async function refresh(box) {
  // Nobody looks, or somebody points at a value.
  if (document.hidden || box.querySelector(".evb-tip")) return;
  const answer = await fetch(box.dataset.refresh).catch(() => null);
  // A redirect leads to the sign-in.
  if (!answer?.ok || answer.redirected) return;
  const { body } = new DOMParser().parseFromString(await answer.text(), "text/html");
  box.replaceChildren(...body.childNodes);
}

document.querySelectorAll("[data-refresh]").forEach((box) => setInterval(refresh, 1000 * box.dataset.refreshS, box));

// Pictures that name their values below the pointer: what is drawn over x stands beside the picture, as JSON.
import { element } from "./format.js";
import { pointAt } from "./svg.js";

function hover(event) {
  const plot = event.target.closest?.("[data-hover]");
  document.querySelectorAll("[data-hover] > .evb-tip, [data-hover] > .evb-cursor").forEach((each) => each.remove());
  if (!plot) return;
  const svg = plot.querySelector("svg");
  const { left, width } = svg.getBoundingClientRect();
  const whole = svg.viewBox.baseVal.width;
  const points = JSON.parse(plot.querySelector("script").textContent);
  const [x, time, ...words] = pointAt(points, ((event.clientX - left) / width) * whole);
  const share = (100 * x) / whole;
  const edge = share > 50 ? `right:${100 - share}%` : `left:${share}%`;
  plot.append(
    element("i", { class: "evb-cursor", style: `left:${share}%` }),
    element("p", { class: "evb-tip", style: edge }, element("b", {}, time), ...words.map((word) => element("span", {}, word))),
  );
}

document.addEventListener("pointermove", hover);
document.addEventListener("pointerdown", hover);
